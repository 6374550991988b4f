"""Selections as they are typed on the command line."""

import re

from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.selections.selection import ClaimedTiles, Selection, SingleTiles, TopTiles

HELP = "stage2 (what stage 2 claims), stage1:top5 (the top 5 % of stage 1), tile17 or tiles:3,4,9"
STAGE = re.compile(r"stage([1-9]\d{0,3})")
TOP = re.compile(r"stage([1-9]\d{0,3}):top(\d{1,3}(?:\.\d+)?)")
TILES = re.compile(r"tiles?:?(\d{1,9}(?:,\d{1,9})*)")


def parse_selection(word: str) -> Selection:
    """Parse a word: stages are counted from 1, tiles from 0, as in the result.

    Parameters
    ----------
    word
        ``stage2`` (what stage 2 claims), ``stage1:top5`` (the top 5 % of what stage 1 could see), ``tile17`` or
        ``tiles:3,4,9``; upper and lower case are the same.

    Raises
    ------
    QuestionError
        If it names no tiles.
    """
    word = word.strip().lower()
    if found := STAGE.fullmatch(word):
        return ClaimedTiles(stage=int(found[1]) - 1)
    if (found := TOP.fullmatch(word)) and 0 < float(found[2]) <= 100:
        return TopTiles(stage=int(found[1]) - 1, percent=float(found[2]))
    if found := TILES.fullmatch(word):
        return SingleTiles(tiles=tuple(map(int, found[1].split(","))))
    raise QuestionError(f"{word!r} names no tiles. There are: {HELP}.")
