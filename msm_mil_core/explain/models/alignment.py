"""One model's values on the tiles of another's run: taken over where tiles are the same, resampled where they are not.

Letters: N tiles of the run they are brought to, M tiles of the run they come from.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from msm_mil_core.slides.tiling.tiles import TileGrid

Floats = NDArray[np.float64]
Kind = Literal["same", "part", "resampled"]

LEAST_COVERED = 0.5
"""Share of a tile that other tiles must cover together for it to have a value."""


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Which parts of which tiles of one run lie in the tiles of another."""

    kind: Kind
    """Whether both have the same tiles, some in common and the rest in one alone, or tiles that lie otherwise."""
    covered: NDArray[np.bool_]
    """(N,), the tiles that get a value."""
    _into: NDArray[np.int64]
    """(K,), of the K pairs of overlapping tiles, the tile of the run they are brought to."""
    _of: NDArray[np.int64]
    """(K,), and the one they come from."""
    _share: Floats
    """(K,), which part of all that covers the former the latter is."""

    def bring(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return values (M,) on the other tiles (N,): their mean by area; NaN where too little is known.

        NaN among them, of tiles that a stage was not shown, counts as nothing known there.
        """
        known = np.isfinite(values[self._of])
        total = np.bincount(self._into, np.where(known, values[self._of], 0) * self._share, len(self.covered))
        weight = np.bincount(self._into, known * self._share, len(self.covered))
        brought = np.full(len(self.covered), np.nan)
        found = self.covered & (weight >= LEAST_COVERED)
        brought[found] = total[found] / weight[found]
        return brought.astype(np.float32)


def align(tiles: TileGrid, others: TileGrid) -> Alignment:
    """Return how the tiles of one run (M,) lie in those of another (N,), both of one slide."""
    if tiles.side_px0 == others.side_px0:
        same = _same_places(tiles, others)
        if same is not None:
            return same
    return _overlapping(tiles, others)


def _same_places(tiles: TileGrid, others: TileGrid) -> Alignment | None:
    """Return the tiles that both have, if all of one run are of the other, or both are of one lattice."""
    at = {place: index for index, place in enumerate(map(tuple, others.xy_px0.tolist()))}
    found = np.array([at.get((x, y), -1) for x, y in tiles.xy_px0.tolist()])
    within = (found >= 0).all() or np.isin(np.arange(len(others)), found).all()
    if not within and not _one_lattice(tiles, others):
        return None
    into = np.flatnonzero(found >= 0)
    same = len(into) == len(tiles) == len(others)
    return Alignment("same" if same else "part", found >= 0, into, found[into], np.ones(len(into)))


def _one_lattice(tiles: TileGrid, others: TileGrid) -> bool:
    steps = (grid.xy_px0 - others.xy_px0[0] for grid in (tiles, others))
    return not any((step % tiles.side_px0).any() for step in steps)


def _overlapping(tiles: TileGrid, others: TileGrid) -> Alignment:
    side, other_side = tiles.side_px0, others.side_px0
    tree = shapely.STRtree(shapely.box(*_corners(others)))
    into, of = tree.query(shapely.box(*_corners(tiles)))
    low = np.maximum(tiles.xy_px0[into], others.xy_px0[of])
    high = np.minimum(tiles.xy_px0[into] + side, others.xy_px0[of] + other_side)
    area = np.prod(np.clip(high - low, 0, None), axis=1).astype(float)
    into, of, area = into[area > 0], of[area > 0], area[area > 0]
    covers = np.bincount(into, area, len(tiles))  # more than a tile's area where the other tiles overlap each other
    covered = covers >= LEAST_COVERED * side**2
    return Alignment("resampled", covered, into, of, area / covers[into])


def _corners(tiles: TileGrid) -> tuple[Floats, Floats, Floats, Floats]:
    x, y = tiles.xy_px0.T.astype(float)
    return x, y, x + tiles.side_px0, y + tiles.side_px0
