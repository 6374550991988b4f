"""One run, and its outcome."""

from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.errors import MsmMilError, OutputError, SlideError
from msm_mil_core.mil.model_file.checkpoint import Checkpoint, load_checkpoint
from msm_mil_core.progress import Progress
from msm_mil_core.results.result_file import save_result
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.regions import check_regions
from msm_mil_core.slides.slide import Slide, open_slide
from napari_msm_mil.files.folders import result_path
from napari_msm_mil.run.run_request import RunRequest
from napari_msm_mil.widgets.forms.options_form import validation_message


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
    options, checkpoint = options_of(request.choices), load_checkpoint(request.model)
    if request.scheduler is not None and request.opened is not None:
        raise SlideError(f"{request.opened.facts.name} is in no file that workers could open. Run it on this computer.")
    if request.scheduler is not None:
        from napari_msm_mil.run.cluster_job import run_on_workers  # imports what runs here do not need

        result = yield from run_on_workers(request, options, checkpoint)
    else:
        result = yield from _run_here(request, options, checkpoint)
    yield Progress("Saving the result", 0, 1)
    return _save(result, request.folders.results)


def options_of(choices: Mapping[str, object]) -> AnalysisOptions:
    """Return the options that a user chose in the form.

    Raises
    ------
    MsmMilError
        If one cannot be used; the message names it.
    """
    try:
        return AnalysisOptions.model_validate(choices)
    except ValidationError as exc:
        raise MsmMilError(f"An option under Advanced cannot be used. {validation_message(exc)}") from exc


def _run_here(
    request: RunRequest, options: AnalysisOptions, checkpoint: Checkpoint
) -> Generator[Progress, None, SlideResult]:
    if request.features is not None:
        return (yield from _run_features(request, request.features, options, checkpoint))
    with _opened(request) as slide:
        regions = check_regions(request.polygons, slide.facts, request.labels) if request.polygons else None
        from msm_mil_core.pipeline import analyse  # imports torch: in this thread, not before

        return (yield from analyse(slide, checkpoint, options, regions=regions, cache=request.folders.features))


def _run_features(
    request: RunRequest, path: Path, options: AnalysisOptions, checkpoint: Checkpoint
) -> Generator[Progress, None, SlideResult]:
    yield Progress("Reading features", 0, 1)
    from msm_mil_core.cohort.features.ready_features import ReadyFeatures, analyse_features, open_blank
    from msm_mil_core.pipeline import completed  # both import torch: in this thread, not before

    ready = ReadyFeatures(path, options.tiles, request.features_encoder)
    alone = request.slide is None and request.opened is None
    opened = open_blank(ready, request.mpp) if alone else _opened(request)
    with opened as slide:
        regions = check_regions(request.polygons, slide.facts, request.labels) if request.polygons else None
        return analyse_features(ready, slide, checkpoint, completed(options, checkpoint), regions)


def _opened(request: RunRequest) -> AbstractContextManager[Slide]:
    """Open the slide; one that is in a layer stays open."""
    if request.opened is not None:
        return nullcontext(request.opened)
    if request.slide is None:
        raise MsmMilError("There is neither a slide nor features. Open a slide, or choose features.")
    return open_slide(request.slide, mpp=request.mpp)


def _save(result: SlideResult, folder: Path) -> RunOutcome:
    path = result_path(folder, result)
    try:
        save_result(result, path)
    except OutputError as exc:
        return RunOutcome(result, None, str(exc))
    return RunOutcome(result, path, "")
