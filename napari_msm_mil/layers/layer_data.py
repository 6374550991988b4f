"""What napari shows of a slide and of a result, as layer data: no viewer is touched here."""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any, Literal, TypeAlias

import numpy as np
import shapely
from napari.utils.colormaps import Colormap
from numpy.typing import NDArray

from msm_mil_core.display.color_ramps import stage_steps
from msm_mil_core.display.contrast_setting import ContrastSetting
from msm_mil_core.display.shared_tiles import STRIPES
from msm_mil_core.display.stage_display import CLAIMED, SHARED, StageDisplay, visible_layers
from msm_mil_core.display.stage_style import solo_ramp, stage_name, stage_ramp, stage_rgb
from msm_mil_core.export.qupath.import_truth import read_truth
from msm_mil_core.mil.map_names import map_label
from msm_mil_core.results.annotations import View
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import Slide, SlideFacts
from msm_mil_core.slides.truth import TruthArea, truth_path
from napari_msm_mil.layers.outlines import draw_outlines, outline_style
from napari_msm_mil.layers.places.layer_transform import placed
from napari_msm_mil.layers.saved_view import display_of
from napari_msm_mil.layers.shown_result import ShownResult
from napari_msm_mil.settings import user_settings
from napari_msm_mil.slides.pyramid import slide_pyramid

LayerData: TypeAlias = tuple[Any, dict[str, Any], Literal["image", "labels", "vectors", "shapes"]]
"""Data, keyword arguments and type of one layer, as napari's readers return them."""


CLAIMED_TITLE = "Claimed tiles"
SHARED_TITLE = "Shared top tiles"
TRUTH_TITLE = "Known areas"

TRUTH_WIDTH = 1 / 300
"""Of an outline of a known area, as a share of the slide's longer side."""
CLEAR = "transparent"

OWN_COLORS = "own_colors"
"""Key in the metadata of a slide's layer: whether it can be shown as the file has it, too."""
TITLE = "title"
"""Key in the metadata of a layer: what it shows; its name may say besides of which result."""


def slide_layer(slide: Slide) -> LayerData:
    """Lay out a slide: one lazy multiscale RGB image, in micrometres where its resolution is known.

    Its colours are those that the user prefers, sRGB by default.
    """
    slide = slide.in_colors(user_settings().screen_colors)
    arguments = {
        "name": PurePath(slide.facts.name).stem,
        "rgb": True,
        "multiscale": True,
        "interpolation2d": "linear",
        "metadata": {**slide_metadata(slide), OWN_COLORS: slide.has_own_colors},
        **placed(slide.facts.mpp, 1, (0.0, 0.0)),
    }
    return slide_pyramid(slide), arguments, "image"


def known_areas(slide: Slide) -> list[LayerData]:
    """Return the layer of the areas that are known of a slide; none if no file beside it knows any.

    Raises
    ------
    RegionError
        If the file is not GeoJSON, has no annotation with a class, or misses the slide.
    """
    path = truth_path(Path(slide.facts.path))
    return [truth_layer(read_truth(path, slide.facts), slide.facts)] if path.is_file() else []


def truth_layer(areas: Sequence[TruthArea], facts: SlideFacts) -> LayerData:
    """Lay out the known areas of a slide: their outlines in the colours of their classes, with the classes' names."""
    rings = [(area, ring) for area in areas for ring in _rings(area)]
    arguments = {
        "name": TRUTH_TITLE,
        "ndim": 2,
        "shape_type": "polygon",
        "edge_color": np.array([[*area.rgb, 255] for area, _ in rings]) / 255,
        "edge_width": max(facts.size_px0) * TRUTH_WIDTH,
        "face_color": CLEAR,
        "features": {"class": [area.name for area, _ in rings]},
        "text": {"string": "{class}", "size": 12, "color": "#111111", "anchor": "center"},
        "opacity": 1.0,
        "metadata": {"facts": facts, "known": True},
        **placed(facts.mpp, 1, (-0.5, -0.5)),  # napari counts from the centre of the first pixel, level 0 from its edge
    }
    return [ring for _, ring in rings], arguments, "shapes"


def _rings(area: TruthArea) -> Iterator[NDArray[np.float64]]:
    """Give the outlines (points, 2) of an area and of its holes, as (y, x), without the first point again."""
    for polygon in shapely.get_parts(area.shape):
        for ring in (polygon.exterior, *polygon.interiors):
            yield shapely.get_coordinates(ring)[:-1, ::-1]


def stage_layers(result: SlideResult, view: View | None = None) -> list[LayerData]:
    """Lay out a result as it was shown last.

    One heatmap per mask stage, stripes on the top tiles that several stages share, and the outlines of the claimed
    tiles. Without a view the top tiles of all stages are shown, by rank.
    """
    stages = range(len(result.prediction.stages))
    shown = ShownResult(result, display_of(view, len(stages)))
    shared = [_shared_layer(shown)] if len(stages) > 1 else []
    return [*(_stage_layer(shown, index) for index in stages), *shared, _claimed_layer(shown)]


def stage_title(index: int, setting: ContrastSetting, classes: Sequence[str] = ()) -> str:
    """Name the heatmap of one stage by its number, or its class, and by what its values are: "1 rank"."""
    top = [f"top {setting.top_percent:g} %"] if setting.top_percent < 100 else []
    shared = ["one scale"] if setting.shared else []
    return ", ".join([f"{map_label(index, classes)} {setting.contrast}", *top, *shared])


def slide_metadata(slide: Slide) -> dict[str, Any]:
    """Return what the layer of a slide says about itself."""
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


def _stage_layer(shown: ShownResult, index: int) -> LayerData:
    result, images, display = shown.result, shown.images, shown.display
    setting = display.contrast_setting(index)
    title = stage_title(index, setting, result.prediction.map_classes)
    arguments = {
        "name": title,
        "colormap": stage_colormap(index, result.prediction.map_classes),
        "contrast_limits": images.limits(index, setting),
        "interpolation2d": "nearest",
        "blending": "translucent_no_depth",
        "opacity": display.stages[index].opacity,
        "visible": index in visible_layers(display),
        "metadata": {**result_metadata(result, title), "shown": shown, "stage": index, "drawn": setting},
        **placed(result.slide.mpp, images.raster.cell_px0, images.raster.origin_px0),
    }
    return images.pixels(index, setting), arguments, "image"


def stage_colormap(index: int, classes: Sequence[str] = ()) -> Colormap:
    """Return the colours of a stage among others."""
    return Colormap(stage_ramp(index), name=_short_name(index, classes))


def _short_name(index: int, classes: Sequence[str]) -> str:
    """Name the colours of a map, briefly: napari's list of colours is as wide as the longest name."""
    return f"{classes[index][:9]} {index + 1}" if classes else stage_name(index)


def solo_colormap(index: int, classes: Sequence[str] = ()) -> Colormap:
    """Return the colours of a stage that is shown alone."""
    return Colormap(solo_ramp(), name=f"{_short_name(index, classes)} alone")


def stage_steps_colormap(stages: int) -> Colormap:
    """Return one flat colour for each stage, counted from 1."""
    return Colormap(stage_steps(stages), controls=np.linspace(0, 1, stages + 1), interpolation="zero", name="stages")


def shared_drawing(shown: ShownResult) -> tuple[frozenset[int], float]:
    """Return which stages share tiles, as the result is shown now, and how many per cent of each are top tiles."""
    stages = (key for key in visible_layers(shown.display) if isinstance(key, int))
    return frozenset(stages), shown.display.shown_percent


def shared_opacity(display: StageDisplay) -> float:
    """Return how opaque stripes are: as two maps over each other, so that the mixture below does not show through."""
    return 1 - (1 - max(each.opacity for each in display.stages)) ** 2


def _shared_layer(shown: ShownResult) -> LayerData:
    result, raster, stages = shown.result, shown.images.raster, len(shown.result.prediction.stages)
    drawn = shared_drawing(shown)
    arguments = {
        "name": SHARED_TITLE,
        "colormap": stage_steps_colormap(stages),
        "contrast_limits": (0.5, stages + 0.5),
        "interpolation2d": "nearest",
        "blending": "translucent_no_depth",
        "opacity": shared_opacity(shown.display),
        "visible": SHARED in visible_layers(shown.display),
        "metadata": {**result_metadata(result, SHARED_TITLE), "shown": shown, "key": SHARED, "drawn": drawn},
        **placed(result.slide.mpp, raster.cell_px0, raster.origin_px0, STRIPES),
    }
    return shown.images.stripes(*drawn), arguments, "image"


def _claimed_layer(shown: ShownResult) -> LayerData:
    result, stages = shown.result, shown.result.prediction.stages
    outlines = draw_outlines(result, [stage.claimed for stage in stages])
    colours = np.array([stage_rgb(index) for index in range(len(stages))]) / 255
    arguments = {
        "name": CLAIMED_TITLE,
        "edge_color": outlines.colours(colours),
        "visible": CLAIMED in visible_layers(shown.display),
        "features": {"stage": np.tile(outlines.set_of + 1, 2)},
        "metadata": {**result_metadata(result, CLAIMED_TITLE), "shown": shown, "key": CLAIMED},
        **outline_style(outlines.width_px0),
        **placed(result.slide.mpp, 1, (-0.5, -0.5)),  # lines run between pixels
    }
    return outlines.segments, arguments, "vectors"


def result_metadata(result: SlideResult, title: str) -> dict[str, Any]:
    """Return what every layer of a result says about itself."""
    return {
        TITLE: title,
        "result": result,
        "facts": result.slide,
        "mpp": result.slide.mpp,
        "mpp_origin": result.slide.mpp_origin,
        "model": result.model.name,
        "model_sha256": result.model.sha256,
        "masks_applied": result.prediction.masks_applied,
        "created": result.created,
    }
