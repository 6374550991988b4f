"""A region of a level, put together from its tiles."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from msm_mil_core.slides.decoded_tiles import Pixels


@dataclass(frozen=True, slots=True)
class Mosaic:
    """A grid of tiles of one size over a level; those at its right and lower edge may reach beyond it."""

    size_px: tuple[int, int]
    """Width and height of the level."""
    tile_px: tuple[int, int]
    background_rgb: tuple[int, int, int]
    """Outside the level."""

    def read(self, xy_px: tuple[int, int], size_px: tuple[int, int], tile: Callable[[int, int], Pixels]) -> Pixels:
        """Put a region together from what `tile` gives for a row and a column of the grid: (height, width, 3)."""
        (x, y), (width, height), (across, down) = xy_px, size_px, self.size_px
        inside = x >= 0 and y >= 0 and x + width <= across and y + height <= down
        pixels = np.empty((height, width, 3), np.uint8)
        if not inside:
            pixels[:] = self.background_rgb
        rows = _runs(y, min(y + height, down), self.tile_px[1])
        cols = list(_runs(x, min(x + width, across), self.tile_px[0]))
        for (row, row_cut, row_into), (col, col_cut, col_into) in product(rows, cols):
            pixels[row_into, col_into] = tile(row, col)[row_cut, col_cut]
        return pixels


def _runs(start: int, stop: int, side: int) -> Iterator[tuple[int, slice, slice]]:
    """Yield for each tile along one axis, from 0 on: its number, which of its pixels are wanted, where they go."""
    at = max(0, start)
    while at < stop:
        tile, first = divmod(at, side)
        count = min(stop - at, side - first)
        yield tile, slice(first, first + count), slice(at - start, at - start + count)
        at += count
