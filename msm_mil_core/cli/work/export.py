"""Results to GeoJSON for QuPath, CSV or figures: what the command export does."""

from collections.abc import Mapping
from pathlib import Path

from msm_mil_core.cli.asking.export_format import Format, verdicts_beside
from msm_mil_core.cli.console import print_line
from msm_mil_core.cli.running.batch import annotations_in, each_slide, finish
from msm_mil_core.disk_space import check_space
from msm_mil_core.errors import SlideError
from msm_mil_core.export.figures.result_figure import write_figure
from msm_mil_core.export.qupath.export import write_geojson
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.tables.result_tables import write_csv
from msm_mil_core.export.tables.verdicts import write_verdicts_csv
from msm_mil_core.results.result_file import load_result
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.find_slide import require_slide


def export_results(paths: Mapping[Path, Path], to: Format, options: GeoJsonOptions) -> int:
    """Write each result to its path in one format, and return the exit code."""
    done = each_slide(list(paths), lambda path: _export_one(path, paths[path], to, options))
    for path in done.good.values():
        print_line(f"wrote {path}")
    return finish(done)


def _export_one(source: Path, target: Path, to: Format, options: GeoJsonOptions) -> Path:
    result = load_result(source)
    check_space(target.parent, len(result.tiles) * _bytes_per_tile(result, to))
    if to == "png":
        draw(result, source, target)
        return target
    annotations = annotations_in(source)
    if to == "geojson":
        return write_geojson(result, target, options, annotations)
    write_csv(result, target, annotations)
    if annotations.verdicts:
        write_verdicts_csv(result, annotations, verdicts_beside(target))
    return target


def _bytes_per_tile(result: SlideResult, to: Format) -> int:
    """Return about how much a tile adds to a file; a figure has the same size whatever the tiles."""
    stages, classes = len(result.prediction.stages), len(result.prediction.classes)
    return {"geojson": 700 + 90 * stages + 40 * classes, "csv": 60 + 30 * stages + 15 * classes, "png": 0}[to]


def draw(result: SlideResult, source: Path, target: Path) -> None:
    """Write the figure of the result in the file `source`, with its slide if that is found, else the maps alone."""
    try:
        slide = require_slide(result.slide, source)
    except SlideError as exc:
        print_line(f"The figure shows the maps without the slide: {exc}")
        write_figure(result, None, target)
        return
    with slide:
        write_figure(result, slide.in_colors("srgb"), target)
