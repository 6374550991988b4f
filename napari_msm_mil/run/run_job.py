"""One run: what is requested, and its outcome."""

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
from napari_msm_mil.files.folders import Folders, result_path
from napari_msm_mil.run.triton import load_triton_isolated
from napari_msm_mil.widgets.options_form import validation_message


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Everything a run needs, read from the window before the thread starts."""

    slide: Path
    mpp: float | None
    """What the user typed; None leaves the slide's own."""
    model: Path
    choices: Mapping[str, object]
    """For `AnalysisOptions.model_validate`."""
    polygons: tuple[Polygon, ...]
    """Limits of the run in level-0 pixels; empty for the whole slide."""
    folders: Folders
    """Where the result and the features are saved."""


@dataclass(frozen=True, slots=True, eq=False)
class RunOutcome:
    """A result, and where it is saved."""

    result: SlideResult
    saved_path: Path | None
    """None if it could not be written."""
    problem: str
    """Why it could not be written; empty if it was."""


def perform_run(request: RunRequest) -> Generator[Progress, None, RunOutcome]:
    """Analyse the slide and save the result; a result that cannot be written is returned all the same.

    Raises
    ------
    MsmMilError
        One of its children, as `analyse` does.
    """
    yield Progress("Preparing", 0, 1)
    checkpoint = load_checkpoint(request.model)
    with open_slide(request.slide, mpp=request.mpp) as slide:
        regions = check_regions(request.polygons, slide.facts) if request.polygons else None
        from msm_mil_core.analysis_options import AnalysisOptions  # imports torch: in this thread, not before
        from msm_mil_core.pipeline import analyse  # imports torch: in this thread, not before

        try:
            options = AnalysisOptions.model_validate(request.choices)
        except ValidationError as exc:
            raise MsmMilError(f"An option under Advanced cannot be used. {validation_message(exc)}") from exc
        if ":" in checkpoint.encoder:  # timm:… or zoo:…
            load_triton_isolated()
        result = yield from analyse(slide, checkpoint, options, regions=regions, cache=request.folders.features)
    yield Progress("Saving the result", 0, 1)
    return _save(result, request.folders.results)


def _save(result: SlideResult, folder: Path) -> RunOutcome:
    path = result_path(folder, result)
    try:
        save_result(result, path)
    except OutputError as exc:
        return RunOutcome(result, None, str(exc))
    return RunOutcome(result, path, "")
