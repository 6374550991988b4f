"""The top tiles of a stage: their order, what is folded under them, and which other stages have them too."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from msm_mil_core.explain.selections.top_tiles import Pick, PickOptions, pick_tiles
from msm_mil_core.mil.prediction import Prediction
from tests.results import a_prediction, block_of_tiles, tile_grid


def looking_at(*attentions) -> Prediction:
    """A prediction whose stages have these attentions."""
    drawn = a_prediction(len(attentions[0]), S=len(attentions))
    pairs = zip(drawn.stages, attentions, strict=True)
    return replace(drawn, stages=tuple(replace(stage, attention=np.float32(values)) for stage, values in pairs))


@st.composite
def scattered_tiles(draw):
    """Tiles on some of 12 x 12 cells, and an attention that no two of them share."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cells = rng.permutation(144)[: draw(st.integers(1, 144))]
    return tile_grid(np.stack(np.divmod(cells, 12), 1)), rng.permutation(len(cells)) + 1.0


def apart(tiles, one, other) -> int:
    """How many steps of a king lie between two tiles."""
    return int(np.abs(tiles.xy_px0[one] - tiles.xy_px0[other]).max() // tiles.side_px0)


@given(scattered_tiles(), st.integers(1, 12))
def test_picks_do_not_touch_and_what_is_folded_touches_its_pick(drawn, count):
    tiles, attention = drawn

    picks = pick_tiles(looking_at(attention), tiles, 0, PickOptions(count=count))

    tops = [pick.tile for pick in picks]
    assert all(apart(tiles, one, other) > 1 for at, one in enumerate(tops) for other in tops[:at])
    assert all(apart(tiles, pick.tile, under) == 1 for pick in picks for under in pick.folded)


@given(scattered_tiles(), st.integers(1, 12))
def test_unfolded_the_picks_are_the_tiles_of_highest_attention(drawn, count):
    tiles, attention = drawn

    picks = pick_tiles(looking_at(attention), tiles, 0, PickOptions(count=count, fold=False))

    assert [pick.tile for pick in picks] == np.argsort(-attention)[:count].tolist()
    assert not any(pick.folded for pick in picks)


@given(scattered_tiles(), st.booleans())
def test_the_place_counts_the_tiles_that_are_higher_folded_or_not(drawn, fold):
    tiles, attention = drawn

    picks = pick_tiles(looking_at(attention), tiles, 0, PickOptions(fold=fold))

    assert [pick.place for pick in picks] == [1 + int((attention > pick.attention).sum()) for pick in picks]


def test_a_stage_that_was_not_shown_a_tile_does_not_have_it_too():
    here, hidden = [3, 2, 1], [np.nan, 2, 1]
    everything = PickOptions(also_percent=100, fold=False)

    picks = pick_tiles(looking_at(here, hidden, here), block_of_tiles(3, 1), 0, everything)

    assert [pick.also for pick in picks] == [(2,), (1, 2), (1, 2)]


def test_more_of_the_other_stages_counts_as_their_top_where_more_is_asked_for():
    mine, other = np.arange(20.0), -np.arange(20.0)
    best = [
        pick_tiles(looking_at(mine, other), block_of_tiles(5, 4), 0, PickOptions(also_percent=percent))[0]
        for percent in (5, 95, 100)
    ]

    assert [pick.only_here for pick in best] == [True, True, False]


def test_one_tile_is_picked_though_nothing_is_beside_it():
    (pick,) = pick_tiles(looking_at([1.0]), block_of_tiles(1, 1), 0, PickOptions())

    assert pick == Pick(tile=0, place=1, attention=1.0, also=(), folded=())


@pytest.mark.parametrize(("also", "words"), [((), "only here"), ((1,), "also stage 2"), ((0, 2), "also stage 1, 3")])
def test_the_stages_that_have_a_tile_too_are_counted_from_one_in_words(also, words):
    assert Pick(tile=7, place=1, attention=0.5, also=also).found == words


@pytest.mark.parametrize("change", [{"count": 0}, {"also_percent": 0}, {"also_percent": 101}, {"folded": True}])
def test_options_that_mean_nothing_are_refused(change):
    with pytest.raises(ValidationError):
        PickOptions(**change)
