"""One run's values on another run's tiles: taken over where tiles are the same, area means where they are not."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from msm_mil_core.explain.models.alignment import align
from msm_mil_core.slides.tiling.tiles import TileGrid
from tests.results import block_of_tiles, tile_grid

CELLS = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=30).map(sorted)
SHIFTS = st.tuples(st.integers(0, 99), st.integers(0, 99))


def shifted(grid, by):
    return type(grid)(grid.xy_px0 + np.array(by), grid.side_px0, grid.side_px, grid.mpp)


@given(CELLS, st.randoms())
def test_the_same_tiles_in_any_order_keep_their_values(cells, random):
    turned = list(cells)
    random.shuffle(turned)
    here, there = tile_grid(cells), tile_grid(turned)
    values = np.arange(len(cells), dtype=np.float32)

    found = align(here, there)

    assert found.kind == "same"
    assert found.bring(values).tolist() == [turned.index(cell) for cell in cells]


@given(st.lists(st.tuples(*[st.integers(0, 500)] * 2), min_size=1, max_size=20, unique=True), st.integers(0, 20))
def test_tiles_on_no_common_grid_or_that_overlap_are_the_same_where_they_lie_in_the_same_places(corners, most):
    all_tiles = TileGrid(np.array(corners), 100, 100, 0.5)
    some = TileGrid(np.array(corners[: max(1, most)]), 100, 100, 0.5)
    values = np.arange(len(corners), dtype=np.float32)

    here, there = align(all_tiles, some), align(some, all_tiles)

    assert align(all_tiles, all_tiles).kind == "same"
    assert here.kind == there.kind == ("same" if len(some) == len(all_tiles) else "part")
    assert there.bring(values).tolist() == values[: len(some)].tolist()
    assert here.covered.tolist() == [at < len(some) for at in range(len(all_tiles))]


@given(CELLS, CELLS)
def test_of_one_lattice_what_both_have_is_taken_over(cells, others):
    found = align(tile_grid(cells), tile_grid(others))
    brought = found.bring(np.arange(len(others), dtype=np.float32))

    both = set(cells) & set(others)
    assert found.kind == ("same" if cells == others else "part")
    assert [cell in both for cell in cells] == found.covered.tolist() == np.isfinite(brought).tolist()
    assert all(brought[cells.index(cell)] == others.index(cell) for cell in both)


def plainly(here, there, values):
    """The mean over the area of each tile, pixel by pixel."""
    side = 12 * 100
    picture = np.full((side, side), np.nan)
    for (x, y), value in zip(there.xy_px0, values, strict=True):
        picture[y : y + there.side_px0, x : x + there.side_px0] = value
    means = []
    for x, y in here.xy_px0:
        part = picture[y : y + here.side_px0, x : x + here.side_px0]
        known = np.isfinite(part).mean()
        means.append(np.nanmean(part) if known >= 0.5 else np.nan)
    return np.array(means)


@settings(max_examples=40, deadline=None)
@given(CELLS, CELLS, SHIFTS, st.sampled_from([50, 60, 100, 140]), st.integers(0, 9))
def test_other_tiles_are_resampled_by_area(cells, others, by, side, seed):
    here, there = tile_grid(cells), shifted(tile_grid(others, side), by)
    values = np.random.default_rng(seed).normal(size=len(others)).astype(np.float32)

    found = align(here, there)
    wanted = plainly(here, there, values)

    np.testing.assert_allclose(found.bring(values), wanted, atol=1e-5)
    if side != 100:
        assert found.kind == "resampled"


def test_a_constant_stays_the_constant():
    here, there = block_of_tiles(4, 4), shifted(block_of_tiles(9, 9, side_px0=60), (0, 0))

    assert np.allclose(align(here, there).bring(np.full(81, 0.25, np.float32)), 0.25)


def test_what_a_stage_was_not_shown_is_nothing_known():
    values = np.array([1, np.nan], np.float32)
    found = align(tile_grid([(0, 0), (1, 0)]), tile_grid([(0, 0), (1, 0)]))

    np.testing.assert_array_equal(found.bring(values), values)
