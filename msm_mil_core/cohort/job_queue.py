"""The jobs of a run, handed out one by one: those that are done or that others work on are left out."""

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from msm_mil_core.cohort.claims import Claim, Claims
from msm_mil_core.cohort.job_end import JobEnd
from msm_mil_core.cohort.job_state import find_state
from msm_mil_core.cohort.slide_answer import answer_of
from msm_mil_core.cohort.slide_job import SlideJob
from msm_mil_core.cohort.slide_record import read_record, write_record
from msm_mil_core.errors import MsmMilError, OutputError
from msm_mil_core.results.result_file import load_result


@dataclass(frozen=True, slots=True)
class TakenJob:
    """A job that this process has claimed."""

    job: SlideJob
    claim: Claim


class JobQueue:
    """Hands out jobs."""

    def __init__(self, jobs: Sequence[SlideJob], claims: Claims) -> None:
        self._open, self._held = deque(jobs), deque[SlideJob]()
        self._claims = claims
        self._failed_before = {job.key: _failure(job) for job in jobs if _known(job)}

    def next(self) -> TakenJob | JobEnd | None:
        """Claim the next job, or say that it needs no work; None if others hold all that is left, or nothing is."""
        while self._open:
            job = self._open.popleft()
            found = self._settled(job) or self._taken(job)
            if found is not None:
                return found
            self._held.append(job)
        return None

    def again(self) -> bool:
        """Put the jobs that others held back into the line, and return whether there is one."""
        self._open.extend(self._held)
        self._held.clear()
        return bool(self._open)

    def held(self) -> list[JobEnd]:
        """Return the jobs that others hold."""
        return [JobEnd(job, "held", str(self._claims.holder(job.key) or "another process")) for job in self._held]

    def finished(self, taken: TakenJob) -> JobEnd | None:
        """Return how a job has ended that was taken, if its result is there by now; else None."""
        try:
            is_done = find_state(taken.job).kind == "done"
            return JobEnd(taken.job, "finished", answer=answer_of(load_result(taken.job.target))) if is_done else None
        except MsmMilError:  # whoever runs it again says so
            return None

    def _taken(self, job: SlideJob) -> TakenJob | JobEnd | None:
        try:
            claim = self._claims.take(job.key)
        except OutputError as exc:
            return JobEnd(job, "failed", str(exc))
        if claim is None:
            return None
        settled = self._settled(job)  # by another process, between the first look and the claim
        if settled is None:
            return TakenJob(job, claim)
        claim.release()
        return settled

    def _clear_claim(self, job: SlideJob) -> None:
        """Remove the claim on a slide that is done, if its holder was stopped before it did."""
        if self._claims.holder(job.key) is None:
            return
        with suppress(OutputError):  # a folder that can only be read
            if (claim := self._claims.take(job.key)) is not None:
                claim.release()

    def _settled(self, job: SlideJob) -> JobEnd | None:
        """Return how a job has ended already: done before, of another run, or failed elsewhere during this run."""
        try:
            state = find_state(job)
        except MsmMilError as exc:
            return JobEnd(job, "failed", str(exc))
        if state.kind == "open":
            failure = _failure(job)
            is_new = failure and failure != self._failed_before.get(job.key, "")
            return JobEnd(job, "failed", f"{_why(job)} (on another machine or in another process)") if is_new else None
        if state.kind == "different":
            return JobEnd(job, "failed", state.why)
        if not state.recorded:
            _record(job)
        self._clear_claim(job)
        return JobEnd(job, "skipped")


def _record(job: SlideJob) -> None:
    """Write the record of a result whose maker was stopped before it did, or that was changed since."""
    with suppress(OutputError):  # a folder that can only be read: the next run looks into the result again
        write_record(job, "finished", answer=answer_of(load_result(job.target)))


def _known(job: SlideJob) -> bool:
    return job.folder.record(job.key).exists()


def _failure(job: SlideJob) -> str:
    """Return the number of the last attempt, if it failed; else nothing."""
    record = read_record(job.folder.record(job.key))
    return record.number if record is not None and record.state == "failed" else ""


def _why(job: SlideJob) -> str:
    record = read_record(job.folder.record(job.key))
    return record.why if record else ""
