"""The outer edges of a set of tiles."""

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.display.heatmap import rasterise
from msm_mil_core.slides.tiling.tiles import TileGrid


def outline_segments(tiles: TileGrid, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the edges of the chosen tiles that no two chosen tiles share, as segments of one tile side.

    Parameters
    ----------
    tiles, chosen
        The grid, and which of its tiles are meant (N,).

    Returns
    -------
    (M, 2, 2), start and end of each segment as (x, y) in level-0 pixels, on the tiles' outer pixel edges: a tile at 0
    of side 10 reaches from 0 to 10.
    """
    if not np.any(chosen):
        return np.empty((0, 2, 2))
    grid = rasterise(tiles, chosen)
    filled = np.pad(grid.values == 1, 1)
    row, col = np.nonzero(filled[1:, 1:-1] != filled[:-1, 1:-1])
    along_x = np.stack([np.stack([col, row], -1), np.stack([col + 1, row], -1)], 1)
    row, col = np.nonzero(filled[1:-1, 1:] != filled[1:-1, :-1])
    along_y = np.stack([np.stack([col, row], -1), np.stack([col, row + 1], -1)], 1)
    corners = np.concatenate([along_x, along_y]).astype(np.float64)
    return corners * grid.cell_px0 + np.array(grid.origin_px0, np.float64)
