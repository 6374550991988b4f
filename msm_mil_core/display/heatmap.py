"""Values of tiles as an image on the tile grid, and how they are spread over a colour ramp."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from msm_mil_core.display.tile_raster import lay_raster
from msm_mil_core.explain.chance.ranks import ranks_among
from msm_mil_core.slides.tiling.tiles import TileGrid

Contrast = Literal["raw", "log", "rank", "percentile"]
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

    def __repr__(self) -> str:
        rows, cols = self.values.shape
        return f"<Heatmap {cols} x {rows} cells of {self.cell_px0} level-0 px>"


def rasterise(tiles: TileGrid, values: ArrayLike) -> Heatmap:
    """Draw one value per tile, in the order of the tiles, into the tile grid.

    Raises
    ------
    ValueError
        If there is no tile, or not one value per tile.
    """
    raster = lay_raster(tiles)
    return Heatmap(raster.draw(values), raster.cell_px0, raster.origin_px0)


def contrast(values: ArrayLike, kind: Contrast, reference: ArrayLike | None = None) -> NDArray[np.float32]:
    """Return the values as they are, as decimal logarithms, ranks or percentiles; NaN stays NaN.

    Parameters
    ----------
    values
        Any shape; NaN where nothing was shown.
    kind
        "raw" changes nothing. "log" is the decimal logarithm; zeros count as the smallest value above zero. "rank" is
        the rank among the values of the reference, 0 for the lowest and 1 for the highest; equal values share the mean
        of their ranks, and 0.5 stands where all are equal. "percentile" is the percentage of the reference that is not
        higher.
    reference
        What values are ranked among, any shape, NaN left out; it holds the values. None for the values themselves.

    Raises
    ------
    ValueError
        If the kind is unknown, or a logarithm is asked of values below zero.
    """
    if kind not in CONTRASTS:
        raise ValueError(f"contrast is one of {', '.join(CONTRASTS)}; got {kind!r}")
    raw = np.array(values, np.float32)
    shown = ~np.isnan(raw)
    if kind == "raw" or not shown.any():
        return raw
    found = raw[shown]
    among = found if reference is None else np.asarray(reference, np.float32)
    spread = {"log": _decimal_log, "rank": _rank, "percentile": _percentile}[kind]
    order = np.argsort(found)  # a sorted search is several times as fast
    found[order] = spread(found[order], np.sort(among[~np.isnan(among)]))
    raw[shown] = found
    return raw


def contrast_label(kind: Contrast, shown: int, quantity: str = "attention", *, shared: bool = False) -> str:
    """Return the text of a legend: what the values are, and over what.

    `shown` counts the tiles shown to a stage. What is ranked on a scale that all stages share (`shared`) is ranked
    among the values of all of them, so it counts those then: a tile has as many as there are stages that it was shown.
    """
    pooled = shared and kind in ("rank", "percentile")
    one, many, whose = ("value", "values", "of all stages") if pooled else ("tile", "tiles", "shown")
    over = f"the {shown:,} {one if shown == 1 else many} {whose}"
    how = {"raw": "raw values of", "log": "log10 of the values of", "rank": "rank over", "percentile": "percentile of"}
    return f"{quantity}, {how[kind]} {over}"


def _decimal_log(values: NDArray[np.float32], among: NDArray[np.float32]) -> NDArray[np.float32]:
    if among[0] < 0:
        raise ValueError(f"no logarithm of values below zero: the lowest is {among[0]}")
    above_zero = among[among > 0]
    floor = above_zero[0] if above_zero.size else np.float32(1)
    return np.log10(np.maximum(values, floor))


def _rank(values: NDArray[np.float32], among: NDArray[np.float32]) -> NDArray[np.float32]:
    return ranks_among(values, among).astype(np.float32)


def _percentile(values: NDArray[np.float32], among: NDArray[np.float32]) -> NDArray[np.float32]:
    not_higher: NDArray[np.float32] = (np.searchsorted(among, values, "right") * (100 / among.size)).astype(np.float32)
    return not_higher
