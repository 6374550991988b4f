"""Result files and exports as jobs for a thread: a large slide must not block the window."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msm_mil_core.errors import ResultError
from msm_mil_core.file_names import verdicts_beside
from msm_mil_core.progress import Progress
from msm_mil_core.results.annotations import Annotations, View, load_annotations
from msm_mil_core.results.result_file import load_result, save_result
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.find_slide import find_slide
from msm_mil_core.slides.slide import Slide

if TYPE_CHECKING:  # opening the dock does not need what they import
    from msm_mil_core.explain.stage_comparison import StageComparison
    from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
    from napari_msm_mil.files.export_formats import ExchangeChoice


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that was written completely."""

    path: Path
    remark: str = ""
    """What the user should know of it, as a sentence; empty if nothing."""

    def __str__(self) -> str:
        return f"Written: {self.path}" + (f". {self.remark}" if self.remark else "")


@dataclass(frozen=True, slots=True, eq=False)
class OpenedResult:
    """A result that was read back."""

    result: SlideResult
    path: Path
    slide: Slide | None
    """The slide that was analysed, opened; None if it is not found."""
    view: View | None
    """How it was displayed; None if that is not known, or cannot be read."""


def write_result(result: SlideResult, annotations: Annotations, path: Path) -> Generator[Progress, None, WrittenFile]:
    """Write a result file with its annotations."""
    yield Progress("Saving the result", 0, 1)
    save_result(result, path, annotations)
    return WrittenFile(path)


def export_geojson(
    result: SlideResult, annotations: Annotations, path: Path, options: GeoJsonOptions
) -> Generator[Progress, None, WrittenFile]:
    """Write a result for QuPath, with the verdicts on its stages, and the scripts that import it there."""
    from msm_mil_core.export.qupath.companions import write_for_qupath

    yield Progress("Exporting GeoJSON", 0, 1)
    return WrittenFile(write_for_qupath(result, path, options, annotations).geojson)


def export_exchange(
    result: SlideResult, annotations: Annotations, path: Path, choice: ExchangeChoice
) -> Generator[Progress, None, WrittenFile]:
    """Write a result for another program than QuPath; its slide is looked for where it was, and beside `path`."""
    from msm_mil_core.export.exchange.write import write_exchange

    yield Progress("Exporting", 0, 1)
    if choice.to == "csv":
        return _write_tables(result, annotations, path)
    if choice.to == "png":
        return _write_figure(result, path)
    write_exchange(result, path, path, choice.to, (choice.maps, annotations))
    return WrittenFile(path)


def _write_tables(result: SlideResult, annotations: Annotations, path: Path) -> WrittenFile:
    """Write the tiles and, where there are verdicts, those beside it, as `msm-mil export` does."""
    from msm_mil_core.export.tables.result_tables import write_csv
    from msm_mil_core.export.tables.verdicts import write_verdicts_csv

    write_csv(result, path, annotations)
    if not annotations.verdicts:
        return WrittenFile(path)
    beside = verdicts_beside(path)
    write_verdicts_csv(result, annotations, beside)
    return WrittenFile(path, f"The verdicts are in {beside.name}.")


def _write_figure(result: SlideResult, path: Path) -> WrittenFile:
    from msm_mil_core.export.figures.result_figure import write_figure  # imports matplotlib

    slide = find_slide(result.slide, path)
    if slide is None:
        write_figure(result, None, path)
        return WrittenFile(path, f"It shows the maps without the slide: {result.slide.name} was not found.")
    with slide:
        write_figure(result, slide.in_colors("srgb"), path)
    return WrittenFile(path)


def write_report(result: SlideResult, annotations: Annotations, path: Path) -> Generator[Progress, None, WrittenFile]:
    """Write the report of a result, with its slide if that is where it was."""
    from msm_mil_core.export.report.report import write_report as write  # imports matplotlib and jinja2
    from msm_mil_core.export.report.report_options import ReportOptions

    slide = find_slide(result.slide, path)
    try:
        return WrittenFile((yield from write(result, annotations, slide, path, ReportOptions())))
    finally:
        if slide is not None:
            slide.close()


def write_table(result: SlideResult, comparison: StageComparison, path: Path) -> Generator[Progress, None, WrittenFile]:
    """Write the comparison of a result's stages as CSV, with what each is for."""
    from msm_mil_core.export.tables.comparison import write_comparison_csv
    from msm_mil_core.export.tables.roles import answer_roles

    yield Progress("Writing the table", 0, 1)
    write_comparison_csv(comparison, answer_roles(result), path)
    return WrittenFile(path)


def open_result(path: Path) -> Generator[Progress, None, OpenedResult]:
    """Read a result file, and open its slide from where it was or from beside the result."""
    yield Progress("Opening the result", 0, 1)
    result = load_result(path)
    return OpenedResult(result, path, find_slide(result.slide, path), last_view(path))


def last_view(path: Path) -> View | None:
    """Return how a result was displayed; None if that is not known: the result is shown all the same."""
    try:
        return load_annotations(path).view
    except ResultError:
        return None
