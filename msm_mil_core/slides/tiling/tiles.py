"""The grid of tiles laid over the tissue of a slide."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.errors import TissueError
from msm_mil_core.slides.regions import Regions
from msm_mil_core.slides.tiling.tile_options import TileOptions
from msm_mil_core.slides.tiling.tissue import TissueMask

_ROUNDING = 1e-9
"""A share of tissue this little below `min_tissue` is enough."""


@dataclass(frozen=True, slots=True, eq=False)
class TileGrid:
    """Square tiles on a grid without overlap, anchored at the slide's level-0 origin (0, 0)."""

    xy_px0: NDArray[np.int64]
    """Top-left corners (N, 2), x then y, multiples of `side_px0`, in row-major order."""
    side_px0: int
    """Side of a tile on level 0."""
    side_px: int
    """Side of a tile as the encoder gets it."""
    mpp: float
    """Micrometres per pixel of a tile as the encoder gets it: exact after rounding to whole pixels.

    NaN where the slide's is unknown and tiles are laid in level-0 pixels.
    """

    def __repr__(self) -> str:
        return f"<TileGrid of {len(self)} tiles: {self.side_px0} level-0 px, {self.side_px} px at {self.mpp:g} µm/px>"

    def __len__(self) -> int:
        return len(self.xy_px0)

    def part(self, tiles: slice) -> Self:
        """Return some of the tiles, in their order."""
        return replace(self, xy_px0=self.xy_px0[tiles])


def lay_tiles(
    size_px0: tuple[int, int],
    tissue: TissueMask,
    options: TileOptions,
    *,
    slide_mpp: float | None = None,
    regions: Regions | None = None,
) -> TileGrid:
    """Lay a grid of whole tiles: those with enough tissue, whose centres lie in a region if regions are given.

    Tiles that would cross the slide's right or lower edge are left out. Without `options.mpp` a tile has as many
    level-0 pixels as the encoder gets.

    Raises
    ------
    TissueError
        If no tile is left.
    """
    side_px0, side_px, mpp = _tile_side(options, slide_mpp)
    cols, rows = size_px0[0] // side_px0, size_px0[1] // side_px0
    if not cols or not rows:
        raise TissueError(
            f"{tissue.slide} ({size_px0[0]} x {size_px0[1]} pixels) is smaller than one tile of {side_px0} pixels. "
            "Choose smaller tiles or a larger slide."
        )
    share = _tissue_share(tissue, side_px0, (rows, cols))
    row, col = np.nonzero((share > 0) & (share >= options.min_tissue - _ROUNDING))
    xy_px0 = np.stack([col, row], axis=1).astype(np.int64) * side_px0
    if not len(xy_px0):
        raise TissueError(
            f"{tissue.slide}: no tile of {side_px0} pixels has a share of {options.min_tissue:g} tissue; the fullest "
            f"has {share.max():.2g}. Lower the tile option min_tissue or choose smaller tiles."
        )
    if regions is not None:
        xy_px0 = _within(regions, xy_px0, side_px0, tissue.slide)
    return TileGrid(xy_px0, side_px0, side_px, mpp)


def _tile_side(options: TileOptions, slide_mpp: float | None) -> tuple[int, int, float]:
    if options.side_px is None:
        raise ValueError("TileOptions.side_px is not set: take it from the model")
    if options.mpp is None:
        return options.side_px, options.side_px, float("nan") if slide_mpp is None else slide_mpp
    if slide_mpp is None:
        raise ValueError(f"tiles at {options.mpp} µm per pixel need the slide's own micrometres per pixel")
    side_px0 = max(1, round(options.side_px * options.mpp / slide_mpp))
    return side_px0, options.side_px, side_px0 * slide_mpp / options.side_px


def _tissue_share(tissue: TissueMask, side_px0: int, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the exact share of tissue per tile of the grid (rows, cols).

    The integral of the mask is piecewise bilinear, so interpolating its cumulated sums at the lines of the grid is
    exact however the lines fall between the mask's pixels.
    """
    (rows, cols), (across, down) = shape, tissue.px0_per_px
    side_px = (side_px0 / across, side_px0 / down)
    cumulated = np.zeros(np.add(tissue.mask.shape, 1))
    np.cumsum(np.cumsum(tissue.mask, axis=0, dtype=np.float64), axis=1, out=cumulated[1:, 1:])
    at_rows = _interpolated(cumulated, np.arange(rows + 1) * side_px[1])
    at_lines = _interpolated(at_rows.T, np.arange(cols + 1) * side_px[0]).T
    tissue_px: NDArray[np.float64] = np.diff(np.diff(at_lines, axis=0), axis=1)
    return tissue_px / (side_px[0] * side_px[1])


def _interpolated(values: NDArray[np.float64], at: NDArray[np.floating]) -> NDArray[np.float64]:
    """Interpolate rows of `values` linearly at fractional positions."""
    below = np.minimum(at.astype(np.int64), len(values) - 2)
    part = (at - below)[:, None]
    interpolated: NDArray[np.float64] = values[below] * (1 - part) + values[below + 1] * part
    return interpolated


def _within(regions: Regions, xy_px0: NDArray[np.int64], side_px0: int, slide: str) -> NDArray[np.int64]:
    inside = xy_px0[regions.hold((xy_px0 + side_px0 / 2).astype(np.float64))]
    if not len(inside):
        raise TissueError(
            f"{slide}: no tile with enough tissue has its centre in a region. Draw the region over tissue and larger "
            f"than one tile ({side_px0} pixels)."
        )
    return inside
