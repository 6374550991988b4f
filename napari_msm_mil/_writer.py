"""File > Save: the result that the saved layers show, as GeoJSON for QuPath."""

from pathlib import Path

from msm_mil_core.errors import OutputError
from msm_mil_core.output.geojson import write_geojson
from msm_mil_core.output.result import SlideResult
from napari_msm_mil._layerdata import LayerData


def write_layers(path: str, layers: list[LayerData]) -> list[str]:
    """Write the one result of the layers, all its stages, and return where; other layers among them are left out.

    Raises
    ------
    OutputError
        If the layers show no result or several, or the file cannot be written.
    """
    return [str(write_geojson(_only_result(path, layers), Path(path)))]


def _only_result(path: str, layers: list[LayerData]) -> SlideResult:
    found = (arguments.get("metadata", {}).get("result") for _, arguments, _ in layers)
    results = {id(result): result for result in found if isinstance(result, SlideResult)}
    if not results:
        raise OutputError(f"Nothing for {path}: no layer shows an MSM-MIL result. Select one of its heatmaps.")
    if len(results) > 1:
        raise OutputError(f"{path} can hold one result, the layers show {len(results)}. Select the heatmaps of one.")
    return next(iter(results.values()))
