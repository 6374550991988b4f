"""One tile's pixels at two magnifications, read in a thread."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.progress import Progress
from msm_mil_core.slides.slide import Slide
from msm_mil_core.slides.tiling.tile_reader import tile_picture
from msm_mil_core.slides.tiling.tiles import TileGrid

SIDE_PX = 160
AROUND = 4.0
"""How many sides of the tile the second picture is wide."""


@dataclass(frozen=True, slots=True, eq=False)
class TilePictures:
    """A tile, and a tile with what is around it."""

    tile: int
    near: NDArray[np.uint8]
    """(side, side, 3), the tile alone."""
    far: NDArray[np.uint8]
    """(side, side, 3), with what is around it."""


def read_pictures(slide: Slide, tiles: TileGrid, tile: int) -> Generator[Progress, None, TilePictures]:
    """Read both pictures of a tile."""
    yield Progress("Reading the tile", 0, 1)
    near = tile_picture(slide, tiles, tile, SIDE_PX)
    return TilePictures(tile, near, tile_picture(slide, tiles, tile, SIDE_PX, AROUND))
