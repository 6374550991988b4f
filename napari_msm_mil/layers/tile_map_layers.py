"""Maps beside the stages' own, and outlines of chosen tiles, as layer data: no viewer is touched here."""

from typing import Any

import numpy as np
from napari.utils.colormaps import Colormap
from numpy.typing import NDArray

from msm_mil_core.display.color_ramps import amount_ramp, signed_ramp
from msm_mil_core.display.heatmap import Heatmap, rasterise, rasterise_nearest
from msm_mil_core.display.stage_style import stage_ramp
from msm_mil_core.display.tile_map import TileMap
from msm_mil_core.display.tile_raster import lay_raster
from msm_mil_core.export.tables.measurements import measure_tiles
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.layer_data import LayerData, result_metadata, stage_steps_colormap
from napari_msm_mil.layers.outlines import draw_outlines, outline_style
from napari_msm_mil.layers.places.layer_transform import placed

TILES = "tiles"
"""Key of the layer of labels."""
TILES_TITLE = "Tiles"
OUTLINE_RGB = "outline_rgb"
"""Key in the metadata of an outline that the legend names."""


def map_layer(result: SlideResult, shown: TileMap) -> LayerData:
    """Lay out a map over the tiles of a result."""
    heatmap = _drawn(result, shown)
    arguments: dict[str, Any] = {
        "name": shown.title,
        "colormap": _colormap(shown, len(result.prediction.stages)),
        "contrast_limits": shown.limits,
        "interpolation2d": "nearest",
        "blending": "translucent_no_depth",
        "opacity": 0.85,
        "metadata": {**result_metadata(result, shown.title), "legend": shown.legend},
        **placed(result.slide.mpp, heatmap.cell_px0, heatmap.origin_px0),
    }
    return heatmap.values, arguments, "image"


def map_pixels(result: SlideResult, shown: TileMap) -> NDArray[np.float32]:
    """Return the pixels of a map alone, for a layer that already exists."""
    return _drawn(result, shown).values


def _drawn(result: SlideResult, shown: TileMap) -> Heatmap:
    draw = rasterise_nearest if shown.colours == "stages" else rasterise  # of stages there is no mean
    return draw(result.tiles, shown.values)


def tile_labels_layer(result: SlideResult) -> LayerData:
    """Lay out the tiles as labels, 1 for the first, with all that is measured of each: napari's own features.

    They are for other plugins and napari's table of features; the status bar shows those of the tile under the mouse.
    """
    raster = lay_raster(result.tiles)
    numbers = np.arange(1, len(result.tiles) + 1)
    left, top = result.tiles.xy_px0.T
    measured = {"index": numbers, "x (level 0)": left, "y (level 0)": top, **measure_tiles(result.prediction)}
    arguments = {
        "name": TILES_TITLE,
        "features": {name: np.concatenate([[_of_no_tile(values)], values]) for name, values in measured.items()},
        "opacity": 0.0,  # the colours of labels mean nothing, and would cover the maps
        "metadata": result_metadata(result, TILES_TITLE),
        **placed(result.slide.mpp, raster.cell_px0, raster.origin_px0),
    }
    return np.nan_to_num(raster.draw(numbers)).astype(np.int32), arguments, "labels"


def _of_no_tile(values: NDArray[Any]) -> float:
    """Return what the background, label 0, has of a measurement."""
    return np.nan if values.dtype.kind == "f" else 0


def outline_layer(
    result: SlideResult, chosen: NDArray[np.bool_], title: str, rgb: tuple[float, float, float], *, stays: bool = False
) -> LayerData:
    """Lay out a line around chosen tiles; one that stays until it is removed is named in the legend."""
    outlines = draw_outlines(result, [chosen])
    arguments = {
        "name": title,
        "edge_color": outlines.colours(np.array([rgb])),
        "metadata": {**result_metadata(result, title), **({OUTLINE_RGB: rgb} if stays else {})},
        **outline_style(outlines.width_px0),
        **placed(result.slide.mpp, 1, (-0.5, -0.5)),  # lines run between pixels
    }
    return outlines.segments, arguments, "vectors"


def _colormap(shown: TileMap, stages: int) -> Colormap:
    if shown.colours == "stages":
        return stage_steps_colormap(stages)
    if shown.colours == "stage":
        return Colormap(stage_ramp(shown.stage), name=f"MSM-MIL map {shown.stage + 1}")
    ramp = signed_ramp() if shown.colours == "signed" else amount_ramp()
    return Colormap(ramp, name=f"MSM-MIL {shown.colours}")
