"""Maps beside the stages' own, and outlines of chosen tiles, as layer data: no viewer is touched here."""

from typing import Any

import numpy as np
from napari.utils.colormaps import Colormap
from numpy.typing import NDArray

from msm_mil_core.display.color_ramps import amount_ramp, signed_ramp
from msm_mil_core.display.heatmap import rasterise
from msm_mil_core.display.stage_style import stage_ramp
from msm_mil_core.display.tile_map import TileMap
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.layer_data import LayerData, result_metadata, stage_steps_colormap
from napari_msm_mil.layers.layer_transform import placed
from napari_msm_mil.layers.outlines import draw_outlines, outline_style

OUTLINE_RGB = "outline_rgb"
"""Key in the metadata of an outline that the legend names."""


def map_layer(result: SlideResult, shown: TileMap) -> LayerData:
    """Lay out a map over the tiles of a result."""
    heatmap = rasterise(result.tiles, shown.values)
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
    return rasterise(result.tiles, shown.values).values


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
