"""Whether tiles overlap, and how much of each is its own: other programs lay tiles that do."""

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.slides.tiling.tiles import TileGrid

SOME_CELLS = 2**24
"""Cells of a box around tiles that are marked one by one."""


def lie_on_grid(tiles: TileGrid) -> bool:
    """Return whether tiles lie on one grid of their side, one in each place, wherever the grid begins."""
    if not len(tiles):
        return True
    offsets_px0 = tiles.xy_px0 - tiles.xy_px0.min(axis=0)
    cells = offsets_px0 // tiles.side_px0
    if (cells * tiles.side_px0 != offsets_px0).any():
        return False
    return _count_different(cells) == len(tiles)


def _count_different(cells: NDArray[np.int64]) -> int:
    cols, rows = (cells.max(axis=0) + 1).tolist()
    numbers = cells[:, 1] * cols + cells[:, 0]
    if cols * rows > SOME_CELLS:
        return len(np.unique(numbers))
    taken = np.zeros(cols * rows, bool)  # several times as fast as sorting
    taken[numbers] = True
    return int(np.count_nonzero(taken))


def clear_sides(tiles: TileGrid) -> NDArray[np.float64]:
    """Return the side (N,), in level-0 pixels, of the square in the middle of each tile that meets no other's.

    It is the tile's own side where no other tile overlaps it, and 0 where another lies in the same place.
    """
    whole = np.full(len(tiles), float(tiles.side_px0))
    if len(tiles) < 2 or lie_on_grid(tiles):
        return whole
    from scipy.spatial import KDTree  # only tiles of other programs need it

    distances, _ = KDTree(tiles.xy_px0).query(tiles.xy_px0, k=2, p=np.inf, distance_upper_bound=tiles.side_px0 + 1)
    sides: NDArray[np.float64] = np.minimum(distances[:, 1], whole)
    return sides


def do_overlap(tiles: TileGrid) -> bool:
    """Return whether any two tiles overlap."""
    return bool((clear_sides(tiles) < tiles.side_px0).any())
