"""Finds the tile that covers a point."""

import numpy as np

from msm_mil_core.slides.tiling.tile_overlap import lie_on_grid
from msm_mil_core.slides.tiling.tiles import TileGrid


class TileFinder:
    """Finds tiles by where they lie, on a grid or not; made once, asked as the mouse moves."""

    def __init__(self, tiles: TileGrid) -> None:
        self._tiles, self._on_grid = tiles, lie_on_grid(tiles)
        self._corner = tiles.xy_px0.min(axis=0) if len(tiles) else np.zeros(2, np.int64)
        self._numbers = {tuple(place): tile for tile, place in enumerate(tiles.xy_px0.tolist())}

    def tile_at(self, x_px0: float, y_px0: float) -> int | None:
        """Return the number of the tile that covers a point; of several, that whose centre is nearest."""
        return self._on_lines(x_px0, y_px0) if self._on_grid else self._nearest(x_px0, y_px0)

    def _on_lines(self, x_px0: float, y_px0: float) -> int | None:
        side_px0, (left, top) = self._tiles.side_px0, self._corner.tolist()
        corner = tuple(int((at - first) // side_px0) * side_px0 + first for at, first in ((x_px0, left), (y_px0, top)))
        return self._numbers.get(corner)

    def _nearest(self, x_px0: float, y_px0: float) -> int | None:
        away = np.array([x_px0, y_px0]) - self._tiles.xy_px0
        covering = np.flatnonzero(((away >= 0) & (away < self._tiles.side_px0)).all(axis=1))
        if not len(covering):
            return None
        from_centre = np.abs(away[covering] - self._tiles.side_px0 / 2).max(axis=1)
        return int(covering[from_centre.argmin()])
