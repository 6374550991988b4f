"""Where each tile lies in an image that has one pixel a tile."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from msm_mil_core.slides.tiling.tiles import TileGrid


@dataclass(frozen=True, slots=True, eq=False)
class TileRaster:
    """The tile grid, cropped to the tiles' bounding box; laid once, any number of maps are drawn on it."""

    row: NDArray[np.int64]
    """(N,)."""
    col: NDArray[np.int64]
    """(N,)."""
    shape: tuple[int, int]
    """Rows and columns."""
    cell_px0: int
    """Side of a cell on level 0."""
    origin_px0: tuple[int, int]
    """Top-left corner (x, y) of the cell [0, 0]."""

    def draw(self, values: ArrayLike) -> NDArray[np.float32]:
        """Return one value per tile (N,), in the order of the tiles, as (rows, cols); NaN where there is no tile.

        Raises
        ------
        ValueError
            If there is not one value per tile.
        """
        drawn = np.asarray(values, np.float32)
        if drawn.shape != self.row.shape:
            raise ValueError(f"{len(self.row)} tiles need as many values; got an array of shape {drawn.shape}")
        cells = np.full(self.shape, np.nan, np.float32)
        cells[self.row, self.col] = drawn
        return cells

    def draw_parted(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return several values per tile (N, P), side by side, as (rows, P cols); NaN where there is no tile."""
        rows, cols = self.shape
        cells = np.full((rows, cols, values.shape[1]), np.nan, np.float32)
        cells[self.row, self.col] = values
        return cells.reshape(rows, -1)


def lay_raster(tiles: TileGrid) -> TileRaster:
    """Find the pixel of each tile.

    Raises
    ------
    ValueError
        If there is no tile.
    """
    if not len(tiles):
        raise ValueError("There are 0 tiles; a map needs at least one.")
    col, row = (tiles.xy_px0 // tiles.side_px0).T
    left, top = int(col.min()), int(row.min())
    row, col = row - top, col - left
    shape = int(row.max()) + 1, int(col.max()) + 1
    return TileRaster(row, col, shape, tiles.side_px0, (left * tiles.side_px0, top * tiles.side_px0))
