"""How a job ended."""

from dataclasses import dataclass
from typing import Literal

from msm_mil_core.cohort.slide_answer import SlideAnswer
from msm_mil_core.cohort.slide_job import SlideJob

End = Literal["finished", "skipped", "failed", "held"]
RUNNING = "Running slides"
"""The step of progress while several are run; what each is at is not said."""


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job ended, as seen by this process."""

    job: SlideJob
    state: End
    """Skipped: it was done before. Held: another process works on it."""
    why: str = ""
    """Why it failed, or who holds it."""
    seconds: float = 0.0
    answer: SlideAnswer | None = None
    error: Exception | None = None
    """What it failed with, where a single slide runs in this process."""
