"""Results as pages: what the command report does."""

from collections.abc import Mapping
from pathlib import Path

from msm_mil_core.cli.console import print_line, print_message
from msm_mil_core.cli.progress_view import drive
from msm_mil_core.cli.running.batch import annotations_in, each_slide, finish
from msm_mil_core.errors import SlideError
from msm_mil_core.export.report.report import write_report
from msm_mil_core.export.report.report_options import ReportOptions
from msm_mil_core.results.result_file import load_result
from msm_mil_core.slides.find_slide import require_slide
from msm_mil_core.slides.slide import Slide, SlideFacts


def report_results(paths: Mapping[Path, Path], options: ReportOptions) -> int:
    """Write a report of each result to its path, and return the exit code."""
    done = each_slide(list(paths), lambda path: _report_one(path, paths[path], options))
    for path in done.good.values():
        print_line(f"wrote {path}")
    return finish(done)


def _report_one(source: Path, target: Path, options: ReportOptions) -> Path:
    result = load_result(source)
    slide = _slide_of(result.slide, source)
    try:
        return drive(write_report(result, annotations_in(source), slide, target, options), result.slide.name)
    finally:
        if slide is not None:
            slide.close()


def _slide_of(facts: SlideFacts, source: Path) -> Slide | None:
    try:
        return require_slide(facts, source)
    except SlideError as exc:
        print_message(f"The report shows the maps without the slide: {exc}")
        return None
