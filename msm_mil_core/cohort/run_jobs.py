"""Many slides, one after another or several at once: whatever happens to one, the others are done."""

import time
from collections.abc import Generator, Sequence
from functools import partial

from msm_mil_core.cohort.ahead.devices_ahead import DevicesAhead
from msm_mil_core.cohort.ahead.run_ahead import run_ahead
from msm_mil_core.cohort.claims import Claims
from msm_mil_core.cohort.crew import work_in_children
from msm_mil_core.cohort.heartbeat import Heartbeat
from msm_mil_core.cohort.job_end import JobEnd
from msm_mil_core.cohort.job_queue import JobQueue, TakenJob
from msm_mil_core.cohort.run_choices import RunChoices
from msm_mil_core.cohort.runs_table import record_end
from msm_mil_core.cohort.slide_job import SlideJob, run_slide
from msm_mil_core.errors import MsmMilError
from msm_mil_core.progress import Progress
from msm_mil_core.unforeseen import describe_unforeseen

WAIT_S = 5.0
"""How long to wait before looking again at slides that others hold."""


def run_jobs(jobs: Sequence[SlideJob], choices: RunChoices) -> Generator[Progress | JobEnd, None, None]:
    """Run slides, and give how each ended as soon as it did, with progress between; may be dropped at any time.

    Each end is recorded beside the results before it is given. Slides that are done are skipped, and those that
    another process holds are left to it, or waited for, as `choices` say.
    """
    if not jobs:
        return
    queue, ahead = JobQueue(jobs, Claims(jobs[0].folder.records)), DevicesAhead(jobs)
    with Heartbeat() as heart:
        while True:
            stopped = yield from _work(queue, heart, choices, ahead)
            if stopped or not choices.wait or not queue.again():
                break
            yield Progress("Waiting for slides that others work on", 0, 1)
            time.sleep(WAIT_S)
    yield from queue.held()


def _work(
    queue: JobQueue, heart: Heartbeat, choices: RunChoices, ahead: DevicesAhead
) -> Generator[Progress | JobEnd, None, bool]:
    """Run what is open; return whether it stopped at a failure."""
    if choices.jobs > 1 or choices.timeout is not None:
        return (yield from work_in_children(queue, heart, choices))
    alone = partial(_run_here, heart=heart, single=ahead.single)
    while (found := queue.next()) is not None:
        if isinstance(found, TakenJob):
            heart.add(found.claim)
            if devices := ahead.devices_for(found.job):
                return (yield from run_ahead(found, queue, heart, choices, devices, alone))
        end = found if isinstance(found, JobEnd) else (yield from alone(found))
        yield end
        if end.state == "failed" and not choices.keep_going:
            return True
    return False


def _run_here(taken: TakenJob, *, heart: Heartbeat, single: bool) -> Generator[Progress, None, JobEnd]:
    began = time.monotonic()
    with heart.holding(taken.claim):
        try:
            answer = yield from run_slide(_on_one_device(taken.job), taken.claim)
            end = JobEnd(taken.job, "finished", seconds=time.monotonic() - began, answer=answer)
        except MsmMilError as exc:
            end = _failed(taken.job, began, str(exc), exc if single else None)
        except Exception as exc:  # noqa: BLE001 - the border between one slide and the others
            why = str(exc) if single else describe_unforeseen(exc)
            end = _failed(taken.job, began, why, exc if single else None)
        return record_end(end, taken.claim)


def _on_one_device(job: SlideJob) -> SlideJob:
    """Of several devices that are named, a slide by itself takes the first."""
    named = job.settings.analysis.encode.device.split(",")
    return job.placed(named[0].strip()) if len(named) > 1 else job


def _failed(job: SlideJob, began: float, why: str, error: Exception | None) -> JobEnd:
    return JobEnd(job, "failed", why, time.monotonic() - began, error=error)
