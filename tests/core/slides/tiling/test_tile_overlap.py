"""Tiles that overlap, or lie on no common grid, as other programs lay them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from msm_mil_core.slides.tiling.tile_finder import TileFinder
from msm_mil_core.slides.tiling.tile_overlap import clear_sides, do_overlap, lie_on_grid
from msm_mil_core.slides.tiling.tiles import TileGrid


def tiles_at(places: object, side_px0: int = 10) -> TileGrid:
    return TileGrid(np.asarray(places, np.int64).reshape(-1, 2), side_px0, side_px0, 0.5)


PLACES = arrays(np.int64, st.tuples(st.integers(1, 30), st.just(2)), elements=st.integers(0, 60))


@settings(deadline=None)
@given(places=PLACES, side_px0=st.integers(1, 20))
def test_the_middle_squares_of_tiles_never_meet(places, side_px0: int):
    tiles = tiles_at(places, side_px0)

    clear = clear_sides(tiles)

    apart = np.abs(places[:, None] - places[None]).max(axis=2) - (clear[:, None] + clear[None]) / 2
    assert (apart[~np.eye(len(places), dtype=bool)] >= 0).all()
    assert (clear <= side_px0).all()
    assert do_overlap(tiles) == (clear < side_px0).any()


@given(cells=arrays(np.int64, st.tuples(st.integers(1, 20), st.just(2)), elements=st.integers(0, 9), unique=False))
def test_tiles_of_one_grid_are_whole_wherever_it_begins(cells):
    cells = np.unique(cells, axis=0)

    tiles = tiles_at(cells * 10 + [3, 7])

    assert lie_on_grid(tiles)
    assert (clear_sides(tiles) == 10).all()


def test_a_tile_off_the_grid_is_seen():
    assert not lie_on_grid(tiles_at([[0, 0], [10, 0], [23, 0]]))
    assert not do_overlap(tiles_at([[0, 0], [10, 0], [23, 0]]))
    assert not lie_on_grid(tiles_at([[0, 0], [0, 0]]))
    assert do_overlap(tiles_at([[0, 0], [5, 0]]))
    assert lie_on_grid(tiles_at([]))


@given(places=PLACES, x=st.floats(-5, 90), y=st.floats(-5, 90))
def test_the_tile_under_a_point_covers_it_and_none_covers_what_has_none(places, x: float, y: float):
    tiles = tiles_at(places)

    found = TileFinder(tiles).tile_at(x, y)

    covering = ((places <= [x, y]) & (places + 10 > [x, y])).all(axis=1)
    assert found is None if not covering.any() else covering[found]
