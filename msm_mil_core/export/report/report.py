"""The report of a result: one page with all its pictures embedded, to read, print and send."""

from collections.abc import Generator
from pathlib import Path

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.errors import OutputError, QuestionError
from msm_mil_core.explain.comparison_options import CompareOptions
from msm_mil_core.explain.examination import Examination, examine
from msm_mil_core.explain.examination_options import ExamineOptions
from msm_mil_core.explain.selections.gallery import Gallery, make_gallery
from msm_mil_core.explain.selections.top_tiles import PickOptions
from msm_mil_core.explain.stage_comparison import compare_stages
from msm_mil_core.export.report.images import Pixels, make_canvas
from msm_mil_core.export.report.page import ReportParts, render_page
from msm_mil_core.export.report.report_options import ReportOptions
from msm_mil_core.progress import Progress
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import Slide

NO_SLIDE = "The slide {name} was not available when the report was written, so the maps are shown without it."
NOT_EXAMINED = "No examination was requested for this report."
MAY_NAME_THE_PATIENT = ("label", "macro")
"""Images of a slide on which the patient's name may be legible; shown on request only."""


def write_report(
    result: SlideResult, annotations: Annotations, slide: Slide | None, path: Path, options: ReportOptions | None = None
) -> Generator[Progress, None, Path]:
    """Write a report as HTML, or as PDF if the path ends in .pdf, and return where; the file is whole or absent.

    Parameters
    ----------
    annotations
        As `load_annotations` returns them.
    slide
        The open slide of the result; without it maps have no slide below them and there are no galleries.
    options
        The parts of the report; None for the defaults.

    Raises
    ------
    OutputError
        If it cannot be written there, `slide` is another slide, or WeasyPrint, which writes PDF, is not installed.
    """
    if slide is not None and slide.facts.quick_hash != result.slide.quick_hash:
        raise OutputError(f"{slide.facts.name} is not the slide of this result, {result.slide.name}.")
    options = options or ReportOptions()
    slide = slide and slide.in_colors(options.colors)
    parts = yield from _gather(result, annotations, slide, options)
    yield Progress("Writing the report", 0, 1)
    page = render_page(parts)
    with whole_file(path) as part:
        part.write_bytes(_as_pdf(page) if path.suffix == ".pdf" else page.encode())
    return path


def _gather(
    result: SlideResult, annotations: Annotations, slide: Slide | None, options: ReportOptions
) -> Generator[Progress, None, ReportParts]:
    comparison = yield from compare_stages(result.prediction, result.tiles, result.slide.mpp, CompareOptions())
    galleries = yield from _galleries(result, slide, options)
    examination = yield from _examine(result, options)
    return ReportParts(
        result=result,
        annotations=annotations,
        canvas=make_canvas(result.tiles, result.slide.size_px0, slide),
        galleries=galleries,
        comparison=comparison,
        examination=examination,
        no_examination="" if examination is not None else _why_not(result),
        no_slide="" if slide is not None else NO_SLIDE.format(name=result.slide.name),
        colors=slide.facts.colors if slide is not None else options.colors,
        associated=_labels(slide) if options.with_label else (),
    )


def _galleries(
    result: SlideResult, slide: Slide | None, options: ReportOptions
) -> Generator[Progress, None, tuple[Gallery, ...]]:
    galleries = []
    if slide is not None and options.gallery_count:
        for stage in range(len(result.prediction.stages)):
            picks = PickOptions(count=options.gallery_count)
            galleries.append((yield from make_gallery(slide, result.tiles, result.prediction, stage, picks)))
    return tuple(galleries)


def _examine(result: SlideResult, options: ReportOptions) -> Generator[Progress, None, Examination | None]:
    if not options.examine or result.tile_outputs is None:
        return None
    return (yield from examine(result.tile_outputs, ExamineOptions()))


def _why_not(result: SlideResult) -> str:
    try:
        result.require_tile_outputs()
    except QuestionError as exc:
        return str(exc)
    return NOT_EXAMINED


def _labels(slide: Slide | None) -> tuple[tuple[str, Pixels], ...]:
    if slide is None:
        return ()
    return tuple(
        (name, slide.associated_image(name)) for name in MAY_NAME_THE_PATIENT if name in slide.associated_names
    )


def _as_pdf(page: str) -> bytes:
    try:
        from weasyprint import HTML
    except (ImportError, OSError) as exc:  # OSError: Pango, its text library, is missing
        raise OutputError(
            f"A PDF needs WeasyPrint, which cannot be loaded ({exc}). Install it: pip install 'napari-msm-mil[pdf]'; "
            "or write an .html file and print it."
        ) from exc
    made: bytes = HTML(string=page).write_pdf()
    return made
