"""Result files and exports as jobs for a thread: a large slide must not hold up the window."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from msm_mil_core.errors import ResultError
from msm_mil_core.export.qupath.export import write_geojson
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.progress import Progress
from msm_mil_core.results.annotations import Annotations, View, load_annotations
from msm_mil_core.results.result_file import load_result, save_result
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.find_slide import find_slide
from msm_mil_core.slides.slide import Slide


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is whole on disk."""

    path: Path


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A result that was read back."""

    result: SlideResult
    path: Path
    slide: Slide | None
    """The slide that was analysed, opened; None if it is not there any more."""
    view: View | None
    """How it was shown; None if nobody looked, or it cannot be read."""


def save(result: SlideResult, annotations: Annotations, path: Path) -> Generator[Progress, None, Written]:
    """Write a result file with its notes."""
    yield Progress("Saving the result", 0, 1)
    save_result(result, path, annotations)
    return Written(path)


def export(
    result: SlideResult, annotations: Annotations, path: Path, options: GeoJsonOptions
) -> Generator[Progress, None, Written]:
    """Write a result for QuPath, with the verdicts on its stages."""
    yield Progress("Exporting GeoJSON", 0, 1)
    return Written(write_geojson(result, path, options, annotations))


def report(result: SlideResult, annotations: Annotations, path: Path) -> Generator[Progress, None, Written]:
    """Write the report of a result, with its slide if that is where it was."""
    from msm_mil_core.export.report.report import ReportOptions, write_report  # brings matplotlib and jinja2 along

    slide = find_slide(result.slide, path)
    try:
        return Written((yield from write_report(result, annotations, slide, path, ReportOptions())))
    finally:
        if slide is not None:
            slide.close()


def read(path: Path) -> Generator[Progress, None, Opened]:
    """Read a result file, and open its slide from where it was or from beside the result."""
    yield Progress("Opening the result", 0, 1)
    result = load_result(path)
    return Opened(result, path, find_slide(result.slide, path), last_view(path))


def last_view(path: Path) -> View | None:
    """Return how a result was shown; None if that is not known: the result is shown all the same."""
    try:
        return load_annotations(path).view
    except ResultError:
        return None
