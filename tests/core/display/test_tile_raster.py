"""Where tiles lie in an image with one pixel a tile."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from msm_mil_core.display.tile_raster import lay_raster, overlap_note
from msm_mil_core.slides.tiling.tiles import TileGrid
from tests.results import tile_grid


def test_the_raster_is_cropped_to_the_tiles_and_knows_where_it_lies():
    raster = lay_raster(tile_grid([(3, 2), (5, 2), (4, 3)], side_px0=100))

    assert raster.shape == (2, 3)
    assert (raster.cell_px0, raster.origin_px0) == (100, (300, 200))


def test_several_maps_are_drawn_on_one_raster():
    raster = lay_raster(tile_grid([(3, 2), (5, 2), (4, 3)]))
    nothing = np.nan

    first, second = raster.draw([1, 2, 3]), raster.draw([4, np.nan, 6])

    np.testing.assert_array_equal(first, [[1, nothing, 2], [nothing, 3, nothing]])
    np.testing.assert_array_equal(second, [[4, nothing, nothing], [nothing, 6, nothing]])


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0, 3.0], [[1.0, 2.0]]])
def test_one_value_a_tile_is_needed(values):
    with pytest.raises(ValueError, match="2 tiles"):
        lay_raster(tile_grid([(0, 0), (1, 0)])).draw(values)


def overlapping(step: int, side_px0: int = 4) -> TileGrid:
    corners = [[step * col, step * row] for row in range(3) for col in range(3)]
    return TileGrid(np.array(corners, np.int64), side_px0, side_px0, 0.5)


def painted(tiles: TileGrid, values: np.ndarray) -> np.ndarray:
    """The mean of the tiles that cover each pixel of level 0, told pixel by pixel."""
    corner = tiles.xy_px0.min(axis=0)
    width, height = tiles.xy_px0.max(axis=0) + tiles.side_px0 - corner
    expected = np.full((height, width), np.nan)
    for y, x in np.ndindex(height, width):
        away = np.array([x, y]) + corner - tiles.xy_px0
        covering = ((away >= 0) & (away < tiles.side_px0)).all(axis=1)
        expected[y, x] = np.nan if not covering.any() else values[covering].mean()
    return expected


@given(
    places=arrays(np.int64, st.tuples(st.integers(1, 8), st.just(2)), elements=st.integers(0, 12)),
    side_px0=st.sampled_from([2, 4, 8]),
)
def test_where_tiles_overlap_their_mean_is_drawn(places, side_px0):
    tiles = TileGrid(np.unique(places, axis=0), side_px0, side_px0, 0.5)
    values = np.arange(len(tiles), dtype=np.float32)

    raster = lay_raster(tiles)

    pixels_per_cell = round(raster.cell_px0)
    assert raster.cell_px0 == pixels_per_cell  # of sides up to 8 every place is exact
    drawn = np.kron(raster.draw(values), np.ones((pixels_per_cell, pixels_per_cell)))
    np.testing.assert_allclose(drawn, painted(tiles, values), rtol=1e-6)
    assert raster.origin_px0 == tuple(tiles.xy_px0.min(axis=0))
    assert raster.overlapping == (overlap_note(tiles) != "")


def test_a_tile_without_a_value_leaves_the_others_theirs():
    raster = lay_raster(overlapping(2))

    drawn = raster.draw([np.nan, 1, 1, 1, 1, 1, 1, 1, 1])

    assert np.isnan(drawn[0, 0])
    assert drawn[1, 1] == 1
    assert np.nanmin(drawn) == np.nanmax(drawn) == 1


def test_of_what_has_no_mean_the_nearest_tile_is_drawn():
    raster = lay_raster(overlapping(2))

    drawn = raster.draw_nearest(np.arange(9))

    assert set(drawn[np.isfinite(drawn)]) <= set(range(9))
    assert drawn.shape == raster.shape == (4, 4)
    assert (drawn[0, 0], drawn[-1, -1]) == (0, 8)


def test_pieces_that_each_have_a_grid_are_drawn_without_gaps():
    piece = np.array([[449 * col, 449 * row] for row in range(4) for col in range(4)])
    tiles = TileGrid(np.vstack([piece, np.add(piece, (3001, 57))]).astype(np.int64), 449, 224, 0.5)

    raster = lay_raster(tiles)

    assert (raster.across, raster.overlapping) == (8, False)
    drawn = raster.draw(np.ones(32))
    assert np.isfinite(drawn[:32, :32]).all()
    assert np.isfinite(drawn).sum() == 32 * 64


def test_an_image_of_many_cells_gets_coarser_ones():
    far = np.array([[0, 0], [1_000_003, 1_000_001]], np.int64)

    raster = lay_raster(TileGrid(far, 512, 256, 0.5))

    assert raster.across == 2
    assert np.isfinite(raster.draw([1, 2])).sum() == 8
