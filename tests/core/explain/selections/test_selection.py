"""Which tiles a selection means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from shapely import Polygon, box

from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.selections.selection import (
    ClaimedTiles,
    DrawnRegion,
    Selection,
    SingleTiles,
    TopTiles,
    describe,
    drawn_region,
    select,
    top_tiles,
)
from tests.results import a_prediction, block_of_tiles


def test_a_region_means_the_tiles_whose_centres_it_holds():
    tiles = block_of_tiles(4, 3, side_px0=100)

    chosen = select(drawn_region((box(0, 0, 149, 299), box(310, 210, 360, 260))), tiles, a_prediction(12))

    assert np.flatnonzero(chosen).tolist() == [0, 4, 8, 11]


def test_a_hole_in_a_region_is_outside():
    ring = Polygon(box(0, 0, 300, 300).exterior, [box(110, 110, 190, 190).exterior])

    chosen = select(drawn_region((ring,)), block_of_tiles(3, 3), a_prediction(9))

    assert np.flatnonzero(~chosen).tolist() == [4]


def test_a_region_that_crosses_itself_still_means_what_it_encloses():
    bow_tie = Polygon([(0, 0), (0, 100), (200, 0), (200, 100)])

    chosen = select(drawn_region((bow_tie,)), block_of_tiles(3, 1), a_prediction(3))

    assert chosen.tolist() == [True, True, False]


def test_a_region_off_the_tissue_is_explained():
    with pytest.raises(QuestionError, match="off the tissue"):
        select(drawn_region((box(900, 900, 990, 990),), "the lymph node"), block_of_tiles(2, 2), a_prediction(4))


def test_claimed_tiles_are_the_stages_own():
    prediction = a_prediction(20, K=3)

    chosen = select(ClaimedTiles(stage=1), block_of_tiles(5, 4), prediction)

    assert (chosen == prediction.stages[1].claimed).all()


def test_a_stage_that_claims_nothing_is_explained():
    with pytest.raises(QuestionError, match="Stage 3 claims no tile"):
        select(ClaimedTiles(stage=2), block_of_tiles(2, 1), a_prediction(2, K=1))


@pytest.mark.parametrize("selection", [ClaimedTiles(stage=3), TopTiles(stage=3, percent=5)])
def test_a_stage_that_is_not_there_is_explained(selection):
    with pytest.raises(QuestionError, match="no stage 4"):
        select(selection, block_of_tiles(2, 2), a_prediction(4))


def test_a_tile_that_is_not_there_is_explained():
    with pytest.raises(QuestionError, match="tiles 0 to 3"):
        select(SingleTiles(tiles=(1, 4)), block_of_tiles(2, 2), a_prediction(4))


@given(st.integers(1, 200), st.floats(0.01, 100), st.integers(0, 2**32 - 1))
def test_the_top_is_never_below_the_rest_and_as_large_as_asked(N, percent, seed):
    rng = np.random.default_rng(seed)
    attention = np.where(rng.random(N) < 0.2, np.nan, rng.integers(0, 5, N)).astype(np.float32)

    top = top_tiles(attention, percent)

    shown = np.isfinite(attention)
    assert np.array_equal(np.flatnonzero(top), np.sort(np.argsort(-attention, kind="stable")[: top.sum()]))
    assert top.sum() == min(shown.sum(), np.ceil(round(shown.sum() * percent / 100, 9)))
    assert not top[~shown].any()
    if top.any() and (shown & ~top).any():
        assert attention[top].min() >= attention[shown & ~top].max()


def test_of_equal_tiles_the_first_are_at_the_top():
    assert np.flatnonzero(top_tiles(np.ones(10, np.float32), 30)).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (ClaimedTiles(stage=1), "the tiles that stage 2 claims"),
        (TopTiles(stage=0, percent=2.5), "the top 2.5 % of stage 1"),
        (SingleTiles(tiles=(4,)), "tile 4"),
        (SingleTiles(tiles=(4, 5)), "2 single tiles"),
        (SingleTiles(tiles=(4, 5), name="the smallest set that flips"), "the smallest set that flips"),
        (DrawnRegion(rings_px0=((((0, 0), (1, 0), (1, 1)),),), name="the gland"), "the gland"),
    ],
)
def test_a_selection_is_told_in_words(selection, words):
    assert describe(selection) == words
    assert TypeAdapter(Selection).validate_json(selection.model_dump_json()) == selection
