"""Whether tiles overlap, and how much of each is its own: other programs lay tiles that do."""

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.slides.tiles import TileGrid


def lie_on_grid(tiles: TileGrid) -> bool:
    """Return whether tiles lie on one grid of their side, one in each place, wherever the grid begins."""
    if not len(tiles):
        return True
    col, row = ((tiles.xy_px0 - tiles.xy_px0.min(axis=0)) // tiles.side_px0).T
    on_lines = not ((tiles.xy_px0 - tiles.xy_px0.min(axis=0)) % tiles.side_px0).any()
    return on_lines and len(np.unique(row * (col.max() + 1) + col)) == len(tiles)


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
