"""A line of slides in one process whose devices are never idle between two of them; each result is as if made alone."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from msm_mil_core.cohort.ahead.devices_ahead import DeviceAhead
from msm_mil_core.cohort.job_end import RUNNING, JobEnd
from msm_mil_core.cohort.job_line import JobLine
from msm_mil_core.cohort.job_queue import TakenJob
from msm_mil_core.cohort.slide_answer import SlideAnswer
from msm_mil_core.cohort.slide_job import begin_slide, end_slide
from msm_mil_core.encoders.encode import batch_of
from msm_mil_core.encoders.encode_cached import task_from_cache
from msm_mil_core.encoders.encode_slides import SlideAdvanced, SlideEncoded, SlideFailed, SlideStep, encode_slides
from msm_mil_core.encoders.encoder_on_demand import EncoderOnDemand
from msm_mil_core.encoders.tile_task import TileTask
from msm_mil_core.errors import MsmMilError
from msm_mil_core.mil.model_file.checkpoint import check_fits
from msm_mil_core.pipeline import LOOKING, check_pixel_size, completed, conclude, find_tiles
from msm_mil_core.progress import Progress
from msm_mil_core.slides.regions import Regions
from msm_mil_core.slides.slide import DECODED_BYTES, SHARED_TILES, Slide
from msm_mil_core.unforeseen import describe_unforeseen

RunAlone = Callable[[TakenJob], Generator[Progress, None, JobEnd]]
"""Runs a slide by itself, and records how it ended."""


def run_ahead(
    first: TakenJob, line: JobLine, devices: Sequence[DeviceAhead], alone: RunAlone, *, keep_going: bool
) -> Generator[Progress | JobEnd, None, bool]:
    """Run the first job and what the line gives; return whether it stopped at a failure, after the slides begun.

    A slide is claimed when its reading begins: no more than one per device ahead of those that are encoded. One that
    fails ahead fails by itself. Dropped, it stops at once; whoever made `line` gives up what is claimed.

    Parameters
    ----------
    alone
        For slides whose features were encoded before: nothing is to be read ahead of them.
    """
    SHARED_TILES.grow(DECODED_BYTES * len(devices))  # each reads a slide of its own
    runs = _Runs(first, line)
    settings = first.job.settings
    encoders = [device.encoder for device in devices]
    ends = _Ends(devices, line, alone)
    prepare = _Preparing(encoders[0], settings.features_folder)
    steps = encode_slides(runs, prepare, encoders, settings.analysis.encode, settings.features_folder)
    try:
        for step in steps:
            end = yield from ends.follow(step)
            if end is not None:
                runs.stopped = runs.stopped or (end.state == "failed" and not keep_going)
                yield end
    finally:
        steps.close()
    return runs.stopped


@dataclass(slots=True, eq=False)
class _Run:
    """A job in the line, and what is known of it once it is prepared."""

    found: TakenJob | JobEnd
    began: float = 0.0
    regions: Regions | None = None

    @property
    def taken(self) -> TakenJob:
        if isinstance(self.found, JobEnd):
            raise TypeError(f"{self.found.job.key} needs no work")
        return self.found


class _NotEncodedError(Exception):
    """A job that passes the devices by: it has ended already, or has its features."""


class _Runs:
    """Jobs in their order; the next one is claimed only when it is asked for."""

    def __init__(self, first: TakenJob, line: JobLine) -> None:
        self._first, self._line = first, line
        self.stopped = False
        """Whether no further one is begun."""

    def __iter__(self) -> Iterator[_Run]:
        found: TakenJob | JobEnd | None = self._first
        while found is not None:
            yield _Run(found)
            found = None if self.stopped else self._line.next()


@dataclass(frozen=True, slots=True, eq=False)
class _Preparing:
    """Opens a slide, finds its tissue and lays its tiles: all that `analyse` does before it encodes."""

    encoder: EncoderOnDemand
    cache: Path | None

    def __call__(self, run: _Run) -> TileTask:
        if isinstance(run.found, JobEnd) or run.found.job.entry.features is not None:
            raise _NotEncodedError
        run.began = time.monotonic()
        slide = run.found.job.open()
        try:
            return self._prepare(run, slide)
        except BaseException:
            slide.close()
            raise

    def _prepare(self, run: _Run, slide: Slide) -> TileTask:
        settings = run.taken.job.settings
        model = settings.load_model()
        run.regions = begin_slide(run.taken.job, slide, model)
        options = completed(settings.analysis, model)
        check_pixel_size(slide, options)
        check_fits(model, self.encoder.card)
        tiles = find_tiles(slide, options, run.regions)
        return task_from_cache(slide, tiles, self.encoder.card, lambda: self._batch(run), self.cache)

    def _batch(self, run: _Run) -> int:
        return batch_of(run.taken.job.settings.analysis.encode, self.encoder.load())


class _Ends:
    """Follows the steps of many slides, and ends each."""

    def __init__(self, devices: Sequence[DeviceAhead], line: JobLine, alone: RunAlone) -> None:
        self._devices, self._line, self._alone = devices, line, alone
        self._ended = [0.0] * len(devices)

    def follow(self, step: SlideStep[_Run]) -> Generator[Progress, None, JobEnd | None]:
        """Return how a job has ended, if it has with this step."""
        if isinstance(step, SlideAdvanced):
            yield step.progress if len(self._devices) == 1 else Progress(RUNNING, 0, 0)
            return None
        if isinstance(step, SlideEncoded):
            yield Progress(LOOKING, 0, 1)
            return self._encoded(step)
        if not isinstance(step.error, _NotEncodedError):
            return self._failed(step)
        found = step.job.found
        return found if isinstance(found, JobEnd) else (yield from self._alone(found))

    def _encoded(self, step: SlideEncoded[_Run]) -> JobEnd:
        run = step.job
        began = max(run.began, self._ended[step.device])  # until then it waited for the one before it
        try:
            answer = _answer(run, step, self._devices[step.device].name)
            end = JobEnd(run.taken.job, "finished", seconds=time.monotonic() - began, answer=answer)
        except Exception as exc:  # noqa: BLE001 - the border between one slide and the others
            end = JobEnd(run.taken.job, "failed", _why(exc), time.monotonic() - began)
        self._ended[step.device] = time.monotonic()
        return self._line.end(run.taken, end)

    def _failed(self, step: SlideFailed[_Run]) -> JobEnd:
        run = step.job
        seconds = time.monotonic() - run.began
        return self._line.end(run.taken, JobEnd(run.taken.job, "failed", _why(step.error), seconds))


def _answer(run: _Run, step: SlideEncoded[_Run], device: str | None) -> SlideAnswer:
    job = run.taken.job.placed(device)
    model = job.settings.load_model()
    result = conclude(step.bag, model, completed(job.settings.analysis, model), run.regions)
    return end_slide(job, step.slide, run.regions, result, run.taken.claim)


def _why(exc: Exception) -> str:
    return str(exc) if isinstance(exc, MsmMilError) else describe_unforeseen(exc)
