"""What napari shows of a slide and of a result, as layer data: no viewer is touched here."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from napari.utils.colormaps import Colormap
from numpy.typing import NDArray

from msm_mil_core.display.heatmap import rasterise
from msm_mil_core.display.stage_style import solo_ramp, stage_name, stage_ramp, stage_rgb
from msm_mil_core.results.annotations import StageView, View
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import Slide
from napari_msm_mil.layers.outlines import draw_outlines, outline_look
from napari_msm_mil.layers.stage_images import Spread, StageMaps
from napari_msm_mil.slides.pyramid import slide_pyramid

if TYPE_CHECKING:
    from napari.layers import Image

LayerData: TypeAlias = tuple[Any, dict[str, Any], Literal["image", "vectors"]]
"""Data, keyword arguments and type of one layer, as napari's readers return them."""

AXIS_LABELS = ("y", "x")
CLAIMED = "claimed"
"""Key of the layer that outlines what stages claim."""


def slide_layer(slide: Slide) -> LayerData:
    """Lay out a slide: one lazy multiscale RGB image, in micrometres where the slide tells its resolution."""
    arguments = {
        "name": PurePath(slide.facts.name).stem,
        "rgb": True,
        "multiscale": True,
        "interpolation2d": "linear",
        "metadata": _slide_metadata(slide),
        **placed(slide.facts.mpp, 1, (0.0, 0.0)),
    }
    return slide_pyramid(slide), arguments, "image"


def stage_layers(result: SlideResult, view: View | None = None) -> list[LayerData]:
    """Lay out a result as it was shown last: one heatmap per mask stage and the outlines of the claimed tiles.

    Without a view all is shown by rank, and of the stages the first one alone.
    """
    stages = range(len(result.prediction.stages))
    view = view or View(stages=tuple(StageView(visible=index == 0) for index in stages))
    maps = StageMaps()
    return [*(_stage_layer(result, index, view, maps) for index in stages), _claimed_layer(result, view)]


def stage_layer_name(result: SlideResult, index: int, spread: Spread) -> str:
    """Name the heatmap of one stage: the stage and what the values are come first, napari cuts long names short."""
    kind = spread.contrast
    values = f"{kind} of attention" if kind in ("rank", "percentile") else f"{kind} attention"
    shared = " · one scale" if spread.shared else ""
    top = f" · top {spread.top_percent:g} %" if spread.top_percent < 100 else ""
    return f"{stage_name(index)} · {values}{top}{shared} · {PurePath(result.slide.name).stem}"


def _slide_metadata(slide: Slide) -> dict[str, Any]:
    facts = slide.facts
    return {
        "slide": slide,
        "facts": facts,
        "mpp": facts.mpp,
        "mpp_origin": facts.mpp_origin,
        "vendor": slide.vendor,
        "properties": dict(slide.properties),
        "associated_images": slide.associated_names,
    }


def _stage_layer(result: SlideResult, index: int, view: View, maps: StageMaps) -> LayerData:
    stage = view.stages[index] if index < len(view.stages) else StageView()
    spread = Spread(stage.contrast, view.shared_scale, view.top_percent)
    frame = rasterise(result.tiles, result.prediction.stages[index].attention)
    arguments = {
        "name": stage_layer_name(result, index, spread),
        "colormap": stage_colormap(index),
        "contrast_limits": maps.limits(result, index, spread),
        "interpolation2d": "nearest",
        "blending": "translucent_no_depth",
        "opacity": stage.opacity,
        "visible": stage.visible,
        "metadata": {**result_metadata(result), "stage": index, "spread": spread},
        **placed(result.slide.mpp, frame.cell_px0, frame.origin_px0),
    }
    return maps.pixels(result, index, spread), arguments, "image"


def stage_colormap(index: int) -> Colormap:
    """Return the colours of a stage among others."""
    return Colormap(stage_ramp(index), name=stage_name(index))


def solo_colormap(index: int) -> Colormap:
    """Return the colours of a stage that is shown alone."""
    return Colormap(solo_ramp(), name=f"{stage_name(index)} alone")


def _claimed_layer(result: SlideResult, view: View) -> LayerData:
    stages = result.prediction.stages
    outlines = draw_outlines(result, [stage.claimed for stage in stages])
    colours = np.array([stage_rgb(index) for index in range(len(stages))]) / 255
    arguments = {
        "name": f"Claimed tiles · {PurePath(result.slide.name).stem}",
        "edge_color": outlines.colours(colours),
        "visible": view.claimed,
        "features": {"stage": np.tile(outlines.set_of + 1, 2)},
        "metadata": {**result_metadata(result), "key": CLAIMED},
        **outline_look(outlines.width_px0),
        **placed(result.slide.mpp, 1, (-0.5, -0.5)),  # lines run between pixels
    }
    return outlines.segments, arguments, "vectors"


def result_metadata(result: SlideResult) -> dict[str, Any]:
    """Return what every layer of a result tells of itself."""
    return {
        "result": result,
        "facts": result.slide,
        "mpp": result.slide.mpp,
        "mpp_origin": result.slide.mpp_origin,
        "model": result.model.name,
        "model_sha256": result.model.sha256,
        "masks_applied": result.prediction.masks_applied,
        "created": result.created,
    }


def placed(mpp: float | None, cell_px0: int, origin_px0: tuple[float, float]) -> dict[str, Any]:
    """Place pixels of `cell_px0` level-0 pixels on the glass; without a resolution the unit is the level-0 pixel."""
    um_per_px0 = mpp or 1.0
    x, y = origin_px0
    centre_px0 = (cell_px0 - 1) / 2
    return {
        "scale": (cell_px0 * um_per_px0,) * 2,
        "translate": ((y + centre_px0) * um_per_px0, (x + centre_px0) * um_per_px0),
        "units": ("pixel" if mpp is None else "micrometer",) * 2,
        "axis_labels": AXIS_LABELS,
    }


def disambiguated(name: str, run: int) -> str:
    """Name a layer of the second or a later run so that it is not taken for the first one's."""
    return f"{name} · run {run}" if run > 1 else name


def slide_affine(slide: Image, result: SlideResult) -> NDArray[np.float64]:
    """Return the way from micrometres on the glass to where the slide's layer lies, which a user may have moved."""
    um_per_px0 = result.slide.mpp or 1.0
    origin, down, right = (np.asarray(slide.data_to_world(corner)) for corner in ((0, 0), (1, 0), (0, 1)))
    way = np.eye(3)
    way[:2, :2] = np.stack([down - origin, right - origin], axis=1) / um_per_px0
    way[:2, 2] = origin
    return way
