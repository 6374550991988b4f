"""Many slides, one after another or several at once: whatever happens to one, the others are done."""

import time
from collections.abc import Generator, Sequence

from msm_mil_core.cohort.ahead.devices_ahead import DevicesAhead
from msm_mil_core.cohort.claims import Claims
from msm_mil_core.cohort.heartbeat import Heartbeat
from msm_mil_core.cohort.job_end import JobEnd
from msm_mil_core.cohort.job_line import OwnLine
from msm_mil_core.cohort.job_queue import JobQueue
from msm_mil_core.cohort.processes.crew import work_in_children
from msm_mil_core.cohort.run_choices import RunChoices
from msm_mil_core.cohort.slide_job import SlideJob
from msm_mil_core.cohort.work_line import work_line
from msm_mil_core.progress import Progress

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
        line = OwnLine(queue, heart)
        while True:
            stopped = yield from _work(line, choices, ahead)
            if stopped or not choices.wait or not queue.again():
                break
            yield Progress("Waiting for slides that others work on", 0, 1)
            time.sleep(WAIT_S)
    yield from queue.held()


def _work(line: OwnLine, choices: RunChoices, ahead: DevicesAhead) -> Generator[Progress | JobEnd, None, bool]:
    """Run what is open; return whether it stopped at a failure."""
    if choices.jobs > 1 or choices.timeout is not None:
        return (yield from work_in_children(line, choices, ahead))
    return (yield from work_line(line, ahead, keep_going=choices.keep_going))
