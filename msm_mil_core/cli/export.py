"""msm-mil export: results to GeoJSON for QuPath, CSV or a figure."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from msm_mil_core.cli.batch import annotations_in, each_slide, finish
from msm_mil_core.cli.console import print_line
from msm_mil_core.cli.outputs import check_outputs, output_paths
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

Format = Literal["geojson", "csv", "png"]


def export(
    results: list[Path],
    /,
    *,
    to: Format,
    out_folder: Annotated[Path, Parameter(name="--out")] = Path(),
    overwrite: bool = False,
    geojson: Annotated[GeoJsonOptions, Parameter(name="*")] = GeoJsonOptions(),
) -> int:
    """Write results as GeoJSON (QuPath), CSV (one row a tile) or PNG (one figure a slide).

    Verdicts on the stages are included: in the GeoJSON, and as a second CSV with one row a stage.

    Parameters
    ----------
    results
        Result files (.msm.h5) of `msm-mil run` or of the napari window.
    to
        The format.
    out_folder
        Folder for what is written.
    overwrite
        Replace files that already exist.
    """
    paths = output_paths(results, out_folder, f".{to}")
    check_outputs([each for path in paths.values() for each in _targets(path, to)], overwrite=overwrite)
    done = each_slide(results, lambda path: _export_one(path, paths[path], to, geojson))
    for path in done.good.values():
        print_line(f"wrote {path}")
    return finish(done)


def _targets(target: Path, to: Format) -> tuple[Path, ...]:
    """Return every file that may be written for one result."""
    if to == "csv":
        return target, _verdicts_beside(target)
    return (target, target.with_name(f"{target.name}.gz")) if to == "geojson" else (target,)


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
        write_verdicts_csv(result, annotations, _verdicts_beside(target))
    return target


def _bytes_per_tile(result: SlideResult, to: Format) -> int:
    """Return about how much a tile adds to a file; a figure has the same size whatever the tiles."""
    stages, classes = len(result.prediction.stages), len(result.prediction.classes)
    return {"geojson": 700 + 90 * stages + 40 * classes, "csv": 60 + 30 * stages + 15 * classes, "png": 0}[to]


def _verdicts_beside(target: Path) -> Path:
    return target.with_suffix(".verdicts.csv")


def draw(result: SlideResult, source: Path, target: Path) -> None:
    """Write the figure of the result in the file `source`, with its slide if that is found, else the maps alone."""
    try:
        slide = require_slide(result.slide, source)
    except SlideError as exc:
        print_line(f"The figure shows the maps without the slide: {exc}")
        write_figure(result, None, target)
        return
    with slide:
        write_figure(result, slide, target)
