"""Results to what other programs read, and figures: what the command export does."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from msm_mil_core.cli.asking.export_format import Format
from msm_mil_core.cli.console import print_line, print_message
from msm_mil_core.cli.running.batch import annotations_in, each_slide, finish
from msm_mil_core.disk_space import check_space
from msm_mil_core.errors import SlideError
from msm_mil_core.export.exchange.map_options import MapOptions
from msm_mil_core.export.exchange.write import write_exchange
from msm_mil_core.export.figures.result_figure import write_figure
from msm_mil_core.export.qupath.companion_names import IMPORT_ALL, import_script_beside
from msm_mil_core.export.qupath.companions import write_for_qupath
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.tables.result_tables import write_csv
from msm_mil_core.export.tables.verdicts import write_verdicts_csv
from msm_mil_core.file_names import verdicts_beside
from msm_mil_core.results.result_file import load_result
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.find_slide import require_slide


def export_results(paths: Mapping[Path, Path], to: Format, geojson: GeoJsonOptions, maps: MapOptions) -> int:
    """Write each result to its path in one format, and return the exit code."""
    done = each_slide(list(paths), lambda path: _export_one(path, paths[path], to, (geojson, maps)))
    for path in done.good.values():
        print_line(f"wrote {path}")
    if to == "geojson" and done.good:
        print_line(_how_to_import(list(done.good.values())))
    return finish(done)


def _how_to_import(paths: Sequence[Path]) -> str:
    first = paths[0]
    script = import_script_beside(first) if len(paths) == 1 else first.with_name(IMPORT_ALL)
    what = "opens it on the slide" if len(paths) == 1 else "imports all of them into a project"
    return f"In QuPath, drop the GeoJSON onto its slide; or Automate > Script editor with {script}, which {what}."


def _export_one(source: Path, target: Path, to: Format, options: tuple[GeoJsonOptions, MapOptions]) -> Path:
    result = load_result(source)
    check_space(target.parent, len(result.tiles) * _bytes_per_tile(result, to))
    if to == "png":
        draw(result, source, target)
        return target
    annotations, (geojson, maps) = annotations_in(source), options
    if to == "geojson":
        return write_for_qupath(result, target, geojson, annotations).geojson
    if to != "csv":
        write_exchange(result, source, target, to, (maps, annotations))
        return target
    write_csv(result, target, annotations)
    if annotations.verdicts:
        write_verdicts_csv(result, annotations, verdicts_beside(target))
    return target


def _bytes_per_tile(result: SlideResult, to: Format) -> int:
    """Return about how much a tile adds to a file; a figure has the same size whatever the tiles."""
    stages, classes = len(result.prediction.stages), len(result.prediction.classes)
    text = {"geojson": 700 + 90 * stages + 40 * classes, "csv": 60 + 30 * stages + 15 * classes, "png": 0}
    return text.get(to, 80 + 16 * stages + 8 * classes)


def draw(result: SlideResult, source: Path, target: Path) -> None:
    """Write the figure of the result in the file `source`, with its slide if that is found, else the maps alone."""
    try:
        slide = require_slide(result.slide, source)
    except SlideError as exc:
        print_message(f"The figure shows the maps without the slide: {exc}")
        write_figure(result, None, target)
        return
    with slide:
        write_figure(result, slide.in_colors("srgb"), target)
