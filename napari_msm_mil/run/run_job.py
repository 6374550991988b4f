"""One run as the window orders it: what to analyse, and what comes back."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from shapely import Polygon

from msm_mil_core.errors import MsmMilError, OutputError
from msm_mil_core.mil.checkpoint import load_checkpoint
from msm_mil_core.progress import Progress
from msm_mil_core.results.result_file import save_result
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.regions import check_regions
from msm_mil_core.slides.slide import open_slide
from napari_msm_mil.files.results_folder import kept_path
from napari_msm_mil.run.triton import load_triton_apart
from napari_msm_mil.widgets.options_form import refusal


@dataclass(frozen=True, slots=True)
class RunOrder:
    """Everything a run needs, taken from the window before the thread starts."""

    slide: Path
    mpp: float | None
    """What the user typed; None leaves the slide's own."""
    model: Path
    choices: Mapping[str, object]
    """For `AnalysisOptions.model_validate`."""
    polygons: tuple[Polygon, ...]
    """Limits of the run in level-0 pixels; empty for the whole slide."""
    results: Path
    """Folder in which the result is kept."""
    features: Path
    """Folder in which features are kept for reuse."""


@dataclass(frozen=True, slots=True, eq=False)
class FinishedRun:
    """A result, and where it is kept."""

    result: SlideResult
    kept: Path | None
    """None if it could not be written."""
    problem: str
    """Why it could not be written; empty if it was."""


def carry_out(order: RunOrder) -> Generator[Progress, None, FinishedRun]:
    """Analyse the slide and keep the result; a result that cannot be written is still handed over.

    Raises
    ------
    MsmMilError
        One of its children, as `analyse` does.
    """
    yield Progress("Getting ready", 0, 1)
    checkpoint = load_checkpoint(order.model)
    with open_slide(order.slide, mpp=order.mpp) as slide:
        regions = check_regions(order.polygons, slide.facts) if order.polygons else None
        from msm_mil_core.pipeline import AnalysisOptions, analyse  # brings torch along: in this thread, not before

        try:
            options = AnalysisOptions.model_validate(order.choices)
        except ValidationError as exc:
            raise MsmMilError(f"An option under Advanced cannot be used. {refusal(exc)}") from exc
        if ":" in checkpoint.encoder:  # timm:… or zoo:…
            load_triton_apart()
        result = yield from analyse(slide, checkpoint, options, regions=regions, cache=order.features)
    yield Progress("Keeping the result", 0, 1)
    return _keep(result, order.results)


def _keep(result: SlideResult, folder: Path) -> FinishedRun:
    path = kept_path(folder, result)
    try:
        save_result(result, path)
    except OutputError as exc:
        return FinishedRun(result, None, str(exc))
    return FinishedRun(result, path, "")
