"""msm-mil report: results as pages to read, print and send."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.cli.batch import annotations_in, each_slide, finish
from msm_mil_core.cli.console import drive, print_line
from msm_mil_core.cli.outputs import check_outputs, output_paths
from msm_mil_core.errors import SlideError
from msm_mil_core.export.report.report import write_report
from msm_mil_core.export.report.report_options import ReportOptions
from msm_mil_core.results.result_file import load_result
from msm_mil_core.slides.find_slide import require_slide
from msm_mil_core.slides.slide import Slide, SlideFacts


def report(
    results: list[Path],
    /,
    *,
    out_folder: Annotated[Path, Parameter(name="--out")] = Path(),
    overwrite: bool = False,
    pdf: Annotated[bool, Parameter(negative="")] = False,
    options: Annotated[ReportOptions, Parameter(name="*")] = ReportOptions(),
) -> int:
    """Write one self-contained page (HTML) a result: maps, galleries, comparison, faithfulness, questions, verdicts.

    Parameters
    ----------
    results
        Result files (.msm.h5) of `msm-mil run` or of the napari window.
    out_folder
        Folder for the reports.
    overwrite
        Replace files that already exist.
    pdf
        Write PDF instead; needs `pip install 'napari-msm-mil[pdf]'`.
    """
    paths = output_paths(results, out_folder, ".report.pdf" if pdf else ".report.html")
    check_outputs(paths.values(), overwrite=overwrite)
    done = each_slide(results, lambda path: _report_one(path, paths[path], options))
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
        print_line(f"The report shows the maps without the slide: {exc}")
        return None
