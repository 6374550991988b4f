"""Whether a job is done: its result exists, and is of the same slide, model, encoder and choices."""

from dataclasses import dataclass
from typing import Literal

from msm_mil_core.cohort.differences import find_differences
from msm_mil_core.cohort.slide_job import SlideJob
from msm_mil_core.cohort.slide_record import read_record, recipe_of, stamp_of


@dataclass(frozen=True, slots=True)
class JobState:
    """What there is at a job's target."""

    kind: Literal["open", "done", "different"]
    """Nothing, the result, or one of something else."""
    why: str = ""
    """In what it differs, as a sentence that names the file and what to do."""
    recorded: bool = True
    """Whether there is a record of it that holds."""


OPEN, DONE, UNRECORDED = JobState("open"), JobState("done"), JobState("done", recorded=False)


def find_state(job: SlideJob) -> JobState:
    """Look for the result of a job.

    Where neither the slide's file nor the result's has changed since the record was written, the record tells;
    else slide and result are opened.

    Raises
    ------
    MsmMilError
        If there is a result, and the slide or its regions cannot be read.
    """
    if not job.target.exists():
        return OPEN
    if _is_recorded(job):
        return DONE
    different = find_differences(job)
    if not different:
        return UNRECORDED
    if job.settings.overwrite:
        return OPEN
    return JobState(
        "different",
        f"{job.target} already exists, and is of another run: {'; '.join(different)}. "
        "Use --overwrite, another --out folder, or the same options.",
    )


def _is_recorded(job: SlideJob) -> bool:
    record = read_record(job.folder.record(job.key))
    if record is None or record.state != "finished":
        return False
    return (
        record.result_stamp == stamp_of(job.target)
        and record.slide_stamp == stamp_of(job.entry.slide) != ""
        and record.recipe == recipe_of(job, "" if job.entry.features else job.settings.find_encoder_sha256())
    )
