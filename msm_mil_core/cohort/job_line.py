"""A line of jobs, as one process works along it: where they come from, and where their ends go."""

from dataclasses import dataclass
from typing import Protocol

from msm_mil_core.cohort.heartbeat import Heartbeat
from msm_mil_core.cohort.job_end import JobEnd
from msm_mil_core.cohort.job_queue import JobQueue, TakenJob
from msm_mil_core.cohort.runs_table import record_end


class JobLine(Protocol):
    """Jobs, one after another; the next one is claimed only when it is asked for."""

    def next(self) -> TakenJob | JobEnd | None:
        """Return a job that is claimed, or one that needs no work; None if there is no more. From one thread at a time.

        It may be asked for while other jobs are worked on.
        """

    def end(self, taken: TakenJob, end: JobEnd) -> JobEnd:
        """Record how a job has ended, and give its claim up; return what counts."""


@dataclass(frozen=True, slots=True, eq=False)
class OwnLine:
    """A line in the process that holds the claims."""

    queue: JobQueue
    heart: Heartbeat

    def next(self) -> TakenJob | JobEnd | None:
        """Claim the next job."""
        found = self.queue.next()
        if isinstance(found, TakenJob):
            self.heart.add(found.claim)
        return found

    def end(self, taken: TakenJob, end: JobEnd) -> JobEnd:
        """Record how a job has ended beside its result, and give its claim up."""
        end = record_end(end, taken.claim)
        self.heart.release(taken.claim)
        return end
