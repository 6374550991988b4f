"""What became of the slides of a folder so far: read from its records and claims, whoever works on them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from msm_mil_core.cohort.claims import SUFFIX as CLAIM
from msm_mil_core.cohort.claims import Holder, claimed_names, read_holder
from msm_mil_core.cohort.cohort_folder import CohortFolder
from msm_mil_core.cohort.run_plan import read_plans
from msm_mil_core.cohort.slide_job import SlideJob
from msm_mil_core.cohort.slide_record import SlideRecord, read_records


@dataclass(frozen=True, slots=True)
class CohortStatus:
    """The slides of a folder, by what became of them; each is in one of the four."""

    finished: tuple[SlideJob, ...]
    running: Mapping[SlideJob, Holder]
    """And who works on them."""
    failed: tuple[SlideRecord, ...]
    left: tuple[SlideJob, ...]
    """Nobody works on them, or who did has ended."""

    @property
    def total(self) -> int:
        """How many slides there are."""
        return len(self.finished) + len(self.running) + len(self.failed) + len(self.left)


def read_status(folder: CohortFolder) -> CohortStatus:
    """Read what became of the slides that `msm-mil run` was given for this folder.

    Raises
    ------
    CohortError
        If nothing was ever run into it.
    """
    jobs = {job.key: job for plan in read_plans(folder) for job in plan.jobs(folder)}
    if not jobs:
        raise folder.without_plan()
    running = dict(_running(folder))
    records = {record.job.key: record for record in read_records(folder)}
    finished = {key for key, job in jobs.items() if key not in running and job.target.exists()}
    failed = {
        key for key in jobs.keys() - running.keys() - finished if key in records and records[key].state == "failed"
    }
    return CohortStatus(
        finished=tuple(job for key, job in jobs.items() if key in finished),
        running={jobs[key]: holder for key, holder in running.items() if key in jobs},
        failed=tuple(records[key] for key in jobs if key in failed),
        left=tuple(job for key, job in jobs.items() if key not in finished | failed | running.keys()),
    )


def _running(folder: CohortFolder) -> Iterator[tuple[str, Holder]]:
    for key in claimed_names(folder.records):
        holder = read_holder(folder.records / f"{key}{CLAIM}")
        if holder is not None and not holder.gone:
            yield key, holder
