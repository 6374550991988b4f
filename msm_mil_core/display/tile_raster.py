"""Where each tile lies in an image that has one pixel a tile, or several where tiles lie on no common grid."""

from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import ArrayLike, NDArray

from msm_mil_core.slides.tiling.tile_overlap import do_overlap, lie_on_grid
from msm_mil_core.slides.tiling.tiles import TileGrid

FINEST = 8
"""Cells that a tile has each way at most: tiles off a common grid are drawn to the nearest sixteenth of their side."""
MOST_CELLS = 2**24
"""Cells of an image, where tiles have several; beyond, they have fewer."""
OVERLAP_TEXT = "Tiles overlap: where several cover a place, the mean of their values is drawn."


@dataclass(frozen=True, slots=True, eq=False)
class TileRaster:
    """Cells over the tiles' bounding box; laid once, any number of maps are drawn on it."""

    row: NDArray[np.int64]
    """(N,), of each tile's first cell."""
    col: NDArray[np.int64]
    """(N,)."""
    shape: tuple[int, int]
    """Rows and columns."""
    cell_px0: float
    """Side of a cell on level 0."""
    origin_px0: tuple[int, int]
    """Top-left corner (x, y) of the cell [0, 0]."""
    across: int = 1
    """How many cells a tile has each way: one where tiles lie on a grid of their side."""
    overlapping: bool = False
    """Whether tiles overlap; where several cover a cell, the mean of their values is drawn."""

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
        return self._mean(drawn) if self.overlapping else self._laid(drawn)

    def draw_nearest(self, values: ArrayLike) -> NDArray[np.float32]:
        """Draw values of which no mean can be taken: where several tiles cover a cell, the nearest one's is drawn."""
        return self._laid(np.asarray(values, np.float32))

    def draw_parted(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return several values per tile (N, P), side by side, as (rows, P cols); NaN where there is no tile."""
        return self._laid(values).reshape(self.shape[0], -1)

    def cover(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Mark the cells (rows, cols) that chosen tiles (N,) cover."""
        covered = np.zeros(self.shape, bool)
        for down, right in self._offsets():
            covered[self.row[chosen] + down, self.col[chosen] + right] = True
        return covered

    def cells_at(self, xy_px0: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the row and the column of the cells in which points (..., 2) lie; they may be outside the image."""
        col, row = np.moveaxis(np.floor((xy_px0 - np.array(self.origin_px0)) / self.cell_px0).astype(np.int64), -1, 0)
        return row, col

    def _laid(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Lay values (N, ...) into the cells of their tiles, those of the nearest tile last."""
        cells = np.full((*self.shape, *values.shape[1:]), np.nan, np.float32)
        for down, right in self._offsets():
            cells[self.row + down, self.col + right] = values
        return cells

    def _mean(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        shown = ~np.isnan(values)
        sums, counts = np.zeros(self.shape), np.zeros(self.shape, np.int32)
        for down, right in self._offsets():
            here = self.row[shown] + down, self.col[shown] + right
            np.add.at(sums, here, values[shown])
            np.add.at(counts, here, 1)
        cells = np.full(self.shape, np.nan, np.float32)
        np.divide(sums, counts, out=cells, where=counts > 0, casting="same_kind")
        return cells

    def _offsets(self) -> list[tuple[int, int]]:
        """Return the places of cells in a tile, those in its middle last."""
        places = [(down, right) for down in range(self.across) for right in range(self.across)]
        middle = (self.across - 1) / 2
        return sorted(places, key=lambda place: -max(abs(place[0] - middle), abs(place[1] - middle)))


def overlap_note(tiles: TileGrid) -> str:
    """Return the sentence of a legend on tiles that overlap; empty where none do."""
    return OVERLAP_TEXT if do_overlap(tiles) else ""


def lay_raster(tiles: TileGrid) -> TileRaster:
    """Find the cells of each tile.

    Raises
    ------
    ValueError
        If there is no tile.
    """
    if not len(tiles):
        raise ValueError("There are 0 tiles; a map needs at least one.")
    corner = tiles.xy_px0.min(axis=0)
    offsets_px0 = tiles.xy_px0 - corner
    on_grid = lie_on_grid(tiles)
    across = 1 if on_grid else _cells_across(offsets_px0, tiles.side_px0)
    cell_px0 = tiles.side_px0 / across
    col, row = np.rint(offsets_px0 / cell_px0).astype(np.int64).T
    return TileRaster(
        row=row,
        col=col,
        shape=(int(row.max()) + across, int(col.max()) + across),
        cell_px0=tiles.side_px0 if on_grid else cell_px0,
        origin_px0=(int(corner[0]), int(corner[1])),
        across=across,
        overlapping=not on_grid and do_overlap(tiles),
    )


def _cells_across(offsets_px0: NDArray[np.int64], side_px0: int) -> int:
    """Return how many cells a tile is to have: as many as place all tiles exactly, unless these are too many."""
    exact = side_px0 // gcd(int(np.gcd.reduce(offsets_px0, axis=None)), side_px0)
    tiles_in_box = float(np.prod(offsets_px0.max(axis=0) / side_px0 + 1))
    most = max(1, int((MOST_CELLS / tiles_in_box) ** 0.5))
    return min(exact, FINEST, most)
