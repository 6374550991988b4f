"""What was wanted of a folder: the slides of each run and their settings, written before the first is begun."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.cohort.cohort_folder import CohortFolder
from msm_mil_core.cohort.listing.slide_entry import SlideEntry
from msm_mil_core.cohort.run_settings import RunSettings
from msm_mil_core.cohort.slide_job import SlideJob
from msm_mil_core.options import Options

logger = logging.getLogger(__name__)


class PlannedSlide(Options):
    """A slide and where its result goes."""

    entry: SlideEntry
    result: str
    """The name of the result's file."""


class RunPlan(Options):
    """Slides and their settings."""

    settings: RunSettings
    slides: tuple[PlannedSlide, ...]

    def jobs(self, folder: CohortFolder) -> tuple[SlideJob, ...]:
        """Return a job for each slide."""
        return tuple(
            SlideJob(entry=slide.entry, settings=self.settings, target=folder.path / slide.result)
            for slide in self.slides
        )


def plan_of(jobs: Sequence[SlideJob]) -> RunPlan:
    """Return the plan of jobs that share their settings."""
    slides = tuple(PlannedSlide(entry=job.entry.absolute(), result=job.target.name) for job in jobs)
    return RunPlan(settings=jobs[0].settings, slides=slides)


def write_plan(plan: RunPlan, folder: CohortFolder) -> Path:
    """Write a plan under a name made of its content: the same run, begun anywhere or again, is one plan.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    text = plan.model_dump_json(exclude_defaults=True)
    path = folder.plans / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def read_plans(folder: CohortFolder) -> Iterator[RunPlan]:
    """Give the plans in a folder, the one that was begun last at the end; those that cannot be read are left out."""
    for path in sorted(folder.plans.glob("*.json"), key=lambda path: path.stat().st_mtime_ns):
        try:
            yield RunPlan.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as exc:
            logger.warning("%s cannot be read: %s", path, exc)
