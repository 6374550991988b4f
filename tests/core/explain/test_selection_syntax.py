"""Selections as they are typed."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.selection import ClaimedTiles, DrawnRegion, SingleTiles, TopTiles
from msm_mil_core.explain.selection_syntax import parse_selection, selection_word

stages = st.integers(0, 998)
selections = st.one_of(
    st.builds(ClaimedTiles, stage=stages),
    st.builds(TopTiles, stage=stages, percent=st.floats(0, 100, exclude_min=True)),
    st.builds(SingleTiles, tiles=st.lists(st.integers(0, 10**8), min_size=1, max_size=5).map(tuple)),
)


@given(selections)
def test_every_selection_that_has_a_word_is_meant_by_it(selection):
    assert parse_selection(selection_word(selection)) == selection


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


@given(st.text(max_size=20))
@example("stage0")
@example("stage1:top0")
@example("stage1:top101")
@example("tiles:")
@example("tile-1")
@example("tile٣")
def test_any_other_word_is_refused_in_a_sentence(word):
    try:
        selection = parse_selection(word)
    except QuestionError as exc:
        assert "names no tiles. There are: stage2" in str(exc)
    else:
        assert parse_selection(selection_word(selection)) == selection


def test_a_drawn_region_has_no_word():
    assert selection_word(DrawnRegion(rings_px0=((((0, 0), (1, 0), (1, 1)),),))) is None
