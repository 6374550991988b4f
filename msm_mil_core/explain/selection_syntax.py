"""Selections as they are typed on the command line."""

import re

import numpy as np

from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.selection import ClaimedTiles, Selection, SingleTiles, TopTiles

HELP = "stage2 (what stage 2 claims), stage1:top5 (the top 5 % of stage 1), tile17 or tiles:3,4,9"
STAGE = re.compile(r"stage([1-9]\d{0,3})")
TOP = re.compile(r"stage([1-9]\d{0,3}):top(\d{1,3}(?:\.\d+)?)")
TILES = re.compile(r"tiles?:?(\d{1,9}(?:,\d{1,9})*)")


def parse_selection(word: str) -> Selection:
    """Read a word: stages and per cent as people count them, tiles by their numbers in the result.

    Raises
    ------
    QuestionError
        If it means nothing.
    """
    word = word.strip().lower()
    if found := STAGE.fullmatch(word):
        return ClaimedTiles(stage=int(found[1]) - 1)
    if (found := TOP.fullmatch(word)) and 0 < float(found[2]) <= 100:
        return TopTiles(stage=int(found[1]) - 1, percent=float(found[2]))
    if found := TILES.fullmatch(word):
        return SingleTiles(tiles=tuple(map(int, found[1].split(","))))
    raise QuestionError(f"{word!r} names no tiles. There are: {HELP}.")


def selection_word(selection: Selection) -> str | None:
    """Write a selection as the word that means it; None for a drawn region, which has no word."""
    if isinstance(selection, ClaimedTiles):
        return f"stage{selection.stage + 1}"
    if isinstance(selection, TopTiles):
        return f"stage{selection.stage + 1}:top{np.format_float_positional(selection.percent, trim='-')}"
    if isinstance(selection, SingleTiles):
        return f"tiles:{','.join(map(str, selection.tiles))}"
    return None
