"""File > Save: the result that the saved layers show, with its annotations, as GeoJSON for QuPath."""

from pathlib import Path
from typing import Any

from napari.utils.notifications import show_warning

from msm_mil_core.errors import OutputError, ResultError
from msm_mil_core.export.qupath.companions import write_for_qupath
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.files.annotation_files import annotations_on
from napari_msm_mil.files.folders import user_folders
from napari_msm_mil.layers.layer_data import LayerData


def write_layers(path: str, layers: list[LayerData]) -> list[str]:
    """Write the one result of the layers, all its stages, and return where; other layers among them are left out.

    The verdicts that are saved with the result go along, and scripts that import it in QuPath are written beside it.

    Raises
    ------
    OutputError
        If the layers show no result or several, or the file cannot be written.
    """
    shown = _only_result(path, layers)
    result = shown["result"]
    annotations = _annotations_on(result, shown.get("file"))
    return [str(write_for_qupath(result, Path(path), annotations=annotations).geojson)]


def _only_result(path: str, layers: list[LayerData]) -> dict[str, Any]:
    """Return the metadata of the one result that the layers show."""
    found = (arguments.get("metadata", {}) for _, arguments, _ in layers)
    results = {
        id(metadata["result"]): metadata for metadata in found if isinstance(metadata.get("result"), SlideResult)
    }
    if not results:
        raise OutputError(f"Nothing for {path}: no layer shows an MSM-MIL result. Select one of its heatmaps.")
    if len(results) > 1:
        raise OutputError(f"{path} can hold one result, the layers show {len(results)}. Select the heatmaps of one.")
    return next(iter(results.values()))


def _annotations_on(result: SlideResult, saved_path: Path | None) -> Annotations:
    try:
        return annotations_on(result, saved_path, user_folders().results)
    except ResultError as exc:  # the result itself is worth writing
        show_warning(f"Written without annotations: {exc}")
        return Annotations()
