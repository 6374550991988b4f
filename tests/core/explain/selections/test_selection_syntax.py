"""Selections as they are typed."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.selections.selection import ClaimedTiles, SingleTiles, TopTiles
from msm_mil_core.explain.selections.selection_syntax import parse_selection

stages, percents = st.integers(0, 998), st.integers(1, 1000).map(lambda tenths: tenths / 10)


@given(stages, percents, st.lists(st.integers(0, 10**8), min_size=1, max_size=5))
def test_every_word_means_its_tiles(stage, percent, tiles):
    words = f"stage{stage + 1}", f"stage{stage + 1}:top{percent}", f"tiles:{','.join(map(str, tiles))}"

    meant = ClaimedTiles(stage=stage), TopTiles(stage=stage, percent=percent), SingleTiles(tiles=tuple(tiles))
    assert tuple(map(parse_selection, words)) == meant


@pytest.mark.parametrize(
    ("word", "selection"),
    [
        ("stage2", ClaimedTiles(stage=1)),
        (" Stage1:TOP2.5 ", TopTiles(stage=0, percent=2.5)),
        ("tile17", SingleTiles(tiles=(17,))),
        ("tiles:3,4,9", SingleTiles(tiles=(3, 4, 9))),
    ],
)
def test_words_are_read_as_people_write_them(word, selection):
    assert parse_selection(word) == selection


WORD = re.compile(r"stage[1-9]\d*(:top\d+(\.\d+)?)?|tiles?:?\d+(,\d+)*")


@given(st.text(max_size=20))
@example("stage0")
@example("stage1:top0")
@example("stage1:top101")
@example("tiles:")
@example("tile-1")
@example("tile٣")
def test_any_other_word_is_refused_in_a_sentence(word):
    try:
        parse_selection(word)
    except QuestionError as exc:
        assert "names no tiles. There are: stage2" in str(exc)
    else:
        assert WORD.fullmatch(word.strip().lower())
