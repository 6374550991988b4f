"""One process works along a line of slides: each by itself or, on devices that wait for nothing, the next one ahead."""

import time
from collections.abc import Generator
from functools import partial

from msm_mil_core.cohort.ahead.devices_ahead import DevicesAhead
from msm_mil_core.cohort.ahead.run_ahead import run_ahead
from msm_mil_core.cohort.job_end import JobEnd
from msm_mil_core.cohort.job_line import JobLine
from msm_mil_core.cohort.job_queue import TakenJob
from msm_mil_core.cohort.slide_job import SlideJob, run_slide
from msm_mil_core.errors import MsmMilError
from msm_mil_core.progress import Progress
from msm_mil_core.unforeseen import describe_unforeseen


def work_line(
    line: JobLine, ahead: DevicesAhead, *, keep_going: bool = True
) -> Generator[Progress | JobEnd, None, bool]:
    """Run what the line gives; return whether it stopped at a failure, after the slides that had been begun."""
    alone = partial(_run_alone, line=line, ahead=ahead)
    while (found := line.next()) is not None:
        if isinstance(found, TakenJob) and (devices := ahead.devices_for(found.job)):
            return (yield from run_ahead(found, line, devices, alone, keep_going=keep_going))
        end = found if isinstance(found, JobEnd) else (yield from alone(found))
        yield end
        if end.state == "failed" and not keep_going:
            return True
    return False


def _run_alone(taken: TakenJob, *, line: JobLine, ahead: DevicesAhead) -> Generator[Progress, None, JobEnd]:
    began = time.monotonic()
    try:
        answer = yield from run_slide(ahead.placed(taken.job), taken.claim)
        end = JobEnd(taken.job, "finished", seconds=time.monotonic() - began, answer=answer)
    except MsmMilError as exc:
        end = _failed(taken.job, began, str(exc), exc if ahead.single_here else None)
    except Exception as exc:  # noqa: BLE001 - the border between one slide and the others
        why = str(exc) if ahead.single_here else describe_unforeseen(exc)
        end = _failed(taken.job, began, why, exc if ahead.single_here else None)
    return line.end(taken, end)


def _failed(job: SlideJob, began: float, why: str, error: Exception | None) -> JobEnd:
    return JobEnd(job, "failed", why, time.monotonic() - began, error=error)
