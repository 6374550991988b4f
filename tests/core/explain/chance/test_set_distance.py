"""The earth mover's distance of two sets of tiles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from msm_mil_core.explain.chance.set_distance import MOST_CELLS, measure_distance

SIDE_PX0 = 100
sets = st.sets(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=10)


def placed(tiles):
    return np.array(sorted(tiles)) * SIDE_PX0


def moved(one_px0, other_px0):
    """By assignment: each tile as often as the other set has tiles."""
    ways = cdist(np.repeat(one_px0, len(other_px0), axis=0), np.repeat(other_px0, len(one_px0), axis=0))
    return ways[linear_sum_assignment(ways)].mean()


@given(sets, sets)
def test_few_tiles_are_moved_as_an_assignment_moves_them(one, other):
    measured = measure_distance(placed(one), placed(other), SIDE_PX0)

    assert measured.grain_px0 == SIDE_PX0
    assert measured.distance_px0 == pytest.approx(moved(placed(one), placed(other)))


@given(sets, sets, sets)
def test_what_both_have_need_not_be_moved(one, other, both):
    one, other = one - both - other, other - both - one
    size = min(len(one), len(other))
    ours, theirs = (set(sorted(each)[:size]) for each in (one, other))

    alone = moved(placed(ours), placed(theirs)) * size if size else 0
    together = measure_distance(placed(ours | both), placed(theirs | both), SIDE_PX0)

    assert together.distance_px0 == pytest.approx(alone / (size + len(both)))


@pytest.mark.parametrize("spread", [1, 4])
@pytest.mark.parametrize("count", [350, 900])
def test_many_tiles_are_gathered_and_right_to_within_the_grain(spread, count):
    rng, tiles = np.random.default_rng(count), np.argwhere(np.ones((60, 60)))
    weights = (1.0 + tiles[:, 0]) ** spread
    one, other = (
        tiles[rng.choice(len(tiles), count, replace=False, p=side / side.sum())] * SIDE_PX0
        for side in (weights, weights[::-1])
    )

    measured = measure_distance(one, other, SIDE_PX0)

    ways = cdist(one, other)
    exact = ways[linear_sum_assignment(ways)].mean()
    assert count > MOST_CELLS
    assert measured.grain_px0 > SIDE_PX0
    assert abs(measured.distance_px0 - exact) <= np.sqrt(2) * (measured.grain_px0 - SIDE_PX0)


def test_an_empty_set_is_no_distance_away():
    nothing = np.empty((0, 2), np.int64)

    assert np.isnan(measure_distance(nothing, placed({(1, 2)}), SIDE_PX0).distance_px0)
    assert np.isnan(measure_distance(nothing, nothing, SIDE_PX0).distance_px0)
