"""Where tiles lie in an image with one pixel a tile."""

import numpy as np
import pytest

from msm_mil_core.display.tile_raster import lay_raster
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
