"""Opens slides and saved results: drag and drop, File > Open, `napari slide.svs`."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from napari.utils.notifications import show_error, show_info, show_warning

from msm_mil_core.errors import MsmMilError, RegionError, SlideError
from msm_mil_core.file_names import RESULT_SUFFIX
from msm_mil_core.results.result_file import load_result
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.find_slide import require_slide
from msm_mil_core.slides.formats.dicom_mark import is_dicom
from msm_mil_core.slides.formats.picture import is_readable_picture
from msm_mil_core.slides.slide import Slide, is_slide, open_slide
from napari_msm_mil.files.file_jobs import last_view
from napari_msm_mil.layers.layer_data import LayerData, known_areas, slide_layer, stage_layers

SLIDES_ALONE = frozenset({".svs", ".ndpi", ".mrxs", ".scn", ".bif", ".vms", ".vmu", ".svslide"})
"""Files of these suffixes are slides or broken: if openslide refuses one, the user sees why."""
SLIDES_AMONG_OTHERS = frozenset({".tif", ".tiff", ".czi", ".dcm", ".ozx"})
"""Files of these suffixes, and folders, are left to other readers if openslide refuses them."""

PICTURES = frozenset({".tif", ".tiff"})
"""Files of these suffixes are pictures if openslide refuses them. Napari asks which reader to use, as its own takes
them too: whoever comes here has chosen ours. PNG and JPEG are left to napari, and the dock takes its layers."""

NO_LAYERS: list[tuple[None]] = [(None,)]
"""What napari takes for "read, and nothing to show"."""

ReadLayers: TypeAlias = Callable[[str], list[LayerData] | list[tuple[None]]]


def get_reader(path: str | list[str]) -> ReadLayers | None:
    """Return what reads a slide or a result, None for what is neither; files to be stacked are left to others."""
    if not isinstance(path, str):
        return None
    file = Path(path)
    if file.name.lower().endswith(RESULT_SUFFIX):
        return _read_result
    suffix = "" if file.is_dir() else file.suffix.lower()
    if suffix in SLIDES_ALONE or ((suffix in {"", *SLIDES_AMONG_OTHERS} or is_dicom(file)) and is_slide(file)):
        return _read_slide
    return _read_slide if suffix in PICTURES and is_readable_picture(file) else None


def _read_slide(path: str) -> list[LayerData] | list[tuple[None]]:
    try:
        slide = open_slide(Path(path))
        layers = [slide_layer(slide), *_known_areas(slide)]
    except MsmMilError as exc:
        show_error(_in_one_line(exc, path))
        return NO_LAYERS
    if slide.remark:
        show_info(slide.remark)
    if slide.facts.mpp is None:
        show_info(_without_mpp(slide))
    return layers


def _in_one_line(exc: MsmMilError, path: str) -> str:
    """Name the file without its folder: napari shows some forty letters until the message is expanded."""
    return str(exc).replace(path, Path(path).name)


def _without_mpp(slide: Slide) -> str:
    message = f"Pixel size missing: {slide.facts.name} is shown in pixels. {slide.mpp_remark}"
    return f"{message.strip()} Type the micrometres per pixel in Run MSM-MIL."


def _read_result(path: str) -> list[LayerData] | list[tuple[None]]:
    try:
        result = load_result(Path(path))
        maps = stage_layers(result, last_view(Path(path)))
    except MsmMilError as exc:
        show_error(_in_one_line(exc, path))
        return NO_LAYERS
    return [*_slide_below(result, Path(path)), *maps]


def _slide_below(result: SlideResult, path: Path) -> list[LayerData]:
    try:
        slide = require_slide(result.slide, path)
    except SlideError as exc:
        show_warning(f"{exc} The heatmaps of {path.name} are shown without their slide.")
        return []
    return [slide_layer(slide), *_known_areas(slide)]


def _known_areas(slide: Slide) -> list[LayerData]:
    try:
        return known_areas(slide)
    except RegionError as exc:
        show_warning(f"{exc} {slide.facts.name} is shown without them.")
        return []
