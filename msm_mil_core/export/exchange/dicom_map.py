"""The maps of a result as a DICOM Parametric Map that refers to its slide."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from msm_mil_core import __version__
from msm_mil_core.atomic_write import whole_file
from msm_mil_core.errors import OutputError
from msm_mil_core.export.exchange.dicom_source import read_source
from msm_mil_core.export.exchange.exchange_format import require_extra
from msm_mil_core.export.exchange.facts import plain_text
from msm_mil_core.export.exchange.map_options import MapOptions
from msm_mil_core.export.exchange.stage_maps import StageMaps, draw_maps
from msm_mil_core.export.tables.json_file import WARNING
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import Slide

LONGEST_LABEL, LONGEST_TEXT = 16, 64
"""Letters of a short text and of a long text in DICOM."""
SERIES_NUMBER = 900
"""Far from those of scanners, which count from 1."""
UNICODE = "ISO_IR 192"


def write_parametric_map(result: SlideResult, slide: Slide, path: Path, options: MapOptions | None = None) -> None:
    """Write the maps as one instance of floats: a frame a map, a pixel a tile, over the whole slide.

    The instance belongs to the slide's study, names its level 0 as source, and lies in the same frame of reference:
    pixel spacing is that of the tiles, and the position that of the centre of the first pixel. What a map is stands in
    its real world value mapping.

    Parameters
    ----------
    slide
        The open DICOM slide of the result.

    Raises
    ------
    OutputError
        If highdicom is not installed, the slide is not DICOM, is another one or lacks what a map refers to, evidence is
        asked of a model that has none, or the file cannot be written.
    """
    if slide.facts.quick_hash != result.slide.quick_hash:
        raise OutputError(f"{slide.facts.name} is not the slide of this result, {result.slide.name}.")
    require_extra("dicom")
    source, maps = read_source(slide), draw_maps(result, options)
    try:
        instance = _instance(source, result, maps)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as exc:  # what highdicom misses
        raise OutputError(
            f"A Parametric Map cannot refer to {slide.facts.name}: its header is not as DICOM asks for ({exc}). "
            "Export another format, such as ome-tiff."
        ) from exc
    with whole_file(path) as part:
        instance.save_as(part)


def _instance(source: Any, result: SlideResult, maps: StageMaps) -> Any:
    import highdicom

    rows, cols = maps.values.shape[1:]
    orientation = tuple(map(float, source.ImageOrientationSlide))
    measures = _measures(source)
    spacing_mm = tuple(float(side) * maps.cell_px0 for side in measures.PixelSpacing)
    instance = highdicom.pm.ParametricMap(
        source_images=[source],
        pixel_array=np.moveaxis(maps.values, 0, -1)[None],  # (1, rows, cols, M)
        series_instance_uid=highdicom.UID(),
        series_number=SERIES_NUMBER,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer="napari-msm-mil",
        manufacturer_model_name=_text(result.model.name, LONGEST_TEXT),
        software_versions=__version__,
        device_serial_number=result.model.sha256[:LONGEST_TEXT],
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[[_mapping(*named)] for named in zip(maps.names, maps.values, strict=True)],
        voi_lut_transformations=[_window(maps.values)],
        content_label="MSM_MIL",
        content_description=f"MSM-MIL stage maps. {WARNING}"[:LONGEST_TEXT],
        pixel_measures=highdicom.PixelMeasuresSequence(
            pixel_spacing=spacing_mm, slice_thickness=float(measures.get("SliceThickness", 0.001))
        ),
        plane_orientation=highdicom.PlaneOrientationSequence("SLIDE", orientation),
        plane_positions=[
            highdicom.PlanePositionSequence(
                "SLIDE", image_position=_first_pixel_mm(source, maps), pixel_matrix_position=(1, 1)
            )
        ],
        tile_pixel_array=True,
        tile_size=(rows, cols),
        specific_character_set=UNICODE,
    )
    instance.SeriesDescription = _text(f"MSM-MIL, {result.prediction.winner}", LONGEST_TEXT)
    return instance


def _first_pixel_mm(source: Any, maps: StageMaps) -> tuple[float, float, float]:
    """Return where the centre of the maps' first pixel lies in the slide's frame of reference."""
    from highdicom.spatial import ImageToReferenceTransformer

    origin = source.TotalPixelMatrixOriginSequence[0]
    to_mm = ImageToReferenceTransformer(
        image_position=(
            float(origin.XOffsetInSlideCoordinateSystem),
            float(origin.YOffsetInSlideCoordinateSystem),
            float(origin.get("ZOffsetInSlideCoordinateSystem") or 0),
        ),
        image_orientation=tuple(map(float, source.ImageOrientationSlide)),
        pixel_spacing=tuple(map(float, _measures(source).PixelSpacing)),
    )
    centre_px0 = np.array([maps.origin_px0], np.float64) + maps.cell_px0 / 2
    x, y, z = to_mm(centre_px0)[0].tolist()
    return x, y, z


def _measures(source: Any) -> Any:
    return source.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]


def _mapping(name: str, values: NDArray[np.float32]) -> Any:
    """Return what a map is: its name, and that its values are what they are, without a unit."""
    from highdicom.pm import RealWorldValueMapping
    from pydicom.sr.codedict import codes

    low, high = _range(values)
    return RealWorldValueMapping(
        lut_label=_text(name, LONGEST_LABEL),
        lut_explanation=_text(name, LONGEST_TEXT),
        unit=codes.UCUM.NoUnits,
        value_range=(low, high),
        intercept=0.0,
        slope=1.0,
    )


def _window(values: NDArray[np.float32]) -> Any:
    from highdicom import VOILUTTransformation

    low, high = _range(values)
    return VOILUTTransformation(window_center=(low + high) / 2, window_width=high - low)


def _range(values: NDArray[np.float32]) -> tuple[float, float]:
    shown = values[np.isfinite(values)].astype(np.float64)
    if not shown.size:
        return 0.0, 1.0
    low, high = float(shown.min()), float(shown.max())
    return (low, high) if high > low else (low, low + 1)


def _text(words: str, letters: int) -> str:
    """Return text of at most so many letters, as DICOM takes it: there a backslash parts values."""
    return plain_text(words).replace("\\", "/")[:letters]
