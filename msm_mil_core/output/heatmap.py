"""Values of tiles as an image on the tile grid, and how they are spread over a colour ramp."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from msm_mil_core.slides.tiles import TileGrid

Contrast = Literal["raw", "log", "rank"]
CONTRASTS: tuple[Contrast, ...] = get_args(Contrast)


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """One value per cell of the tile grid, cropped to the tiles' bounding box."""

    values: NDArray[np.float32]
    """(rows, cols), NaN where there is no tile."""
    cell_px0: int
    """Side of a cell on level 0."""
    origin_px0: tuple[int, int]
    """Top-left corner (x, y) of the cell [0, 0]."""


def rasterise(tiles: TileGrid, values: ArrayLike) -> Heatmap:
    """Draw one value per tile, in the order of the tiles, into the tile grid.

    Raises
    ------
    ValueError
        If there is no tile, or not one value per tile.
    """
    drawn = np.asarray(values, np.float32)
    if not len(tiles) or drawn.shape != (len(tiles),):
        raise ValueError(f"{len(tiles)} tiles need as many values, at least one; got an array of shape {drawn.shape}")
    col, row = (tiles.xy_px0 // tiles.side_px0).T
    left, top = int(col.min()), int(row.min())
    cells = np.full((int(row.max()) - top + 1, int(col.max()) - left + 1), np.nan, np.float32)
    cells[row - top, col - left] = drawn
    return Heatmap(cells, tiles.side_px0, (left * tiles.side_px0, top * tiles.side_px0))


def contrast(values: ArrayLike, kind: Contrast) -> NDArray[np.float32]:
    """Return the values as they are, as decimal logarithms, or as percentile ranks; NaN stays NaN.

    Parameters
    ----------
    values
        Any shape; NaN where nothing was shown.
    kind
        "raw" changes nothing. "log" is the decimal logarithm; zeros count as the smallest value above zero. "rank" is
        the rank among the values that are not NaN, 0 for the lowest and 1 for the highest; equal values share the
        mean of their ranks, and 0.5 stands where all are equal.

    Raises
    ------
    ValueError
        If the kind is unknown, or a logarithm is asked of values below zero.
    """
    if kind not in CONTRASTS:
        raise ValueError(f"contrast is one of {', '.join(CONTRASTS)}; got {kind!r}")
    raw = np.array(values, np.float32)
    shown = ~np.isnan(raw)
    if kind != "raw" and shown.any():
        raw[shown] = _decimal_log(raw[shown]) if kind == "log" else _percentile_rank(raw[shown])
    return raw


def contrast_label(kind: Contrast, shown: int, quantity: str = "attention") -> str:
    """Return the text of a legend: what the values are, and over how many tiles."""
    tiles = "the 1 tile shown" if shown == 1 else f"the {shown:,} tiles shown"
    how = {"raw": "raw values of", "log": "log10 of the values of", "rank": "rank over"}[kind]
    return f"{quantity}, {how} {tiles}"


def _decimal_log(values: NDArray[np.float32]) -> NDArray[np.float32]:
    if values.min() < 0:
        raise ValueError(f"no logarithm of values below zero: the lowest is {values.min()}")
    above_zero = values[values > 0]
    floor = above_zero.min() if above_zero.size else np.float32(1)
    return np.log10(np.maximum(values, floor))


def _percentile_rank(values: NDArray[np.float32]) -> NDArray[np.float32]:
    if values.size == 1:
        return np.array([0.5], np.float32)
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts + 1) / 2  # of equal values, counted from 0
    ranks: NDArray[np.float32] = (mean_rank / (values.size - 1)).astype(np.float32)[which]
    return ranks
