"""The maps of a result as one image with a channel a map, laid over the whole slide."""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.display.stage_style import stage_rgb
from msm_mil_core.display.tile_raster import TileRaster, lay_raster
from msm_mil_core.errors import OutputError
from msm_mil_core.export.exchange.facts import plain_names
from msm_mil_core.export.exchange.map_options import MapOptions
from msm_mil_core.export.tables.measurements import measure_tiles
from msm_mil_core.results.slide_result import SlideResult

EVIDENCE_RGB = (200, 200, 200)

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class StageMaps:
    """Maps on the grid of tiles, one pixel a tile, from the slide's corner over all of it.

    A tile has several pixels where tiles lie on no common grid.
    """

    names: tuple[str, ...]
    """M, as the measurements of tiles are called."""
    colours: tuple[Rgb, ...]
    """M, 0 to 255."""
    values: NDArray[np.float32]
    """(M, rows, cols), NaN where there is no tile or it was not shown."""
    cell_px0: float
    """Side of a pixel on level 0."""
    origin_px0: tuple[float, float]
    """Top-left corner (x, y) of the first pixel on level 0; (0, 0) for tiles that this program laid."""

    def __repr__(self) -> str:
        count, rows, cols = self.values.shape
        return f"<StageMaps: {count} of {cols} x {rows} cells of {self.cell_px0:g} level-0 px>"


def draw_maps(result: SlideResult, options: MapOptions | None = None) -> StageMaps:
    """Draw the maps of a result that were chosen, the stages' attention by default.

    Raises
    ------
    OutputError
        If evidence is asked of a model that has none.
    """
    chosen = _choose(result, options or MapOptions())
    raster = lay_raster(result.tiles)
    origin_px0, shape = _cover(raster, result.slide.size_px0)
    left, top = (round((at - start) / raster.cell_px0) for at, start in zip(raster.origin_px0, origin_px0, strict=True))
    values = np.full((len(chosen), *shape), np.nan, np.float32)
    rows, cols = raster.shape
    for canvas, (of_tiles, _) in zip(values, chosen.values(), strict=True):
        canvas[top : top + rows, left : left + cols] = raster.draw(of_tiles)
    colours = tuple(colour for _, colour in chosen.values())
    return StageMaps(plain_names(chosen), colours, values, raster.cell_px0, origin_px0)


def _choose(result: SlideResult, options: MapOptions) -> dict[str, tuple[NDArray[np.float32], Rgb]]:
    """Return values and colour of each map by its name."""
    prediction, measured = result.prediction, measure_tiles(result.prediction)
    if options.maps == "evidence":
        if prediction.bias is None:
            raise OutputError(
                f"{result.slide.name}: a model with a refinement block, such as preset paper, has no exact evidence a "
                "tile. Choose the maps attention or rank."
            )
        return {f"Evidence {name}": (measured[f"Evidence {name}"], EVIDENCE_RGB) for name in prediction.classes}
    names = [f"{name} {options.maps}" for name in prediction.map_names]
    return {name: (measured[name], stage_rgb(stage)) for stage, name in enumerate(names)}


def _cover(raster: TileRaster, size_px0: tuple[int, int]) -> tuple[tuple[float, float], tuple[int, int]]:
    """Return the corner, and rows and columns, of the tile grid continued over the whole slide."""
    cell = raster.cell_px0
    x, y = (at - max(0, ceil(at / cell)) * cell for at in raster.origin_px0)  # 0, or before the slide's corner
    ends = (start + cells * cell for start, cells in zip(raster.origin_px0, raster.shape[::-1], strict=True))
    right, bottom = (max(end, side) for end, side in zip(ends, size_px0, strict=True))
    return (x, y), (ceil((bottom - y) / cell), ceil((right - x) / cell))
