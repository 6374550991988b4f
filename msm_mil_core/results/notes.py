"""What a person notes on a result: a verdict on a stage, a question with its answer, how the result was shown."""

from datetime import datetime

from pydantic import Field

from msm_mil_core.display.heatmap import Contrast
from msm_mil_core.explain.what_if import Answer, Question
from msm_mil_core.options import Options


class Verdict(Options):
    """What a pathologist says a stage attends to."""

    stage: int = Field(ge=0)
    """Counted from 0."""
    label: str
    """tumour, inflammation, artefact, or free text."""
    note: str = ""
    """Free text."""
    at: str
    """ISO 8601, with the time zone."""


class SavedQuestion(Options):
    """A question that someone asked and saved, and the model's answer."""

    question: Question
    left: int
    """How many tiles remained."""
    before: tuple[float, ...]
    """Probability of each class for the whole slide."""
    after: tuple[float, ...]
    """Probability of each class for the remaining tiles."""
    at: str
    """ISO 8601, with the time zone."""


class StageView(Options):
    """How a stage's map was shown."""

    visible: bool = True
    contrast: Contrast = "rank"
    opacity: float = Field(default=0.7, ge=0, le=1)


class View(Options):
    """How a result was shown."""

    stages: tuple[StageView, ...]
    shared_scale: bool = False
    """Whether the colours of all stages stand for the same values."""
    top_percent: float = Field(default=100, gt=0, le=100)
    """How much of each stage's map was shown, from the top."""
    claimed: bool = True
    """Whether claimed tiles were outlined."""


Note = Verdict | SavedQuestion | View

VIEW = "view"
"""The subject of a view; those of questions begin with question/."""


def subject_of_stage(stage: int) -> str:
    """Return the subject of verdicts on a stage, which is counted from 0."""
    return f"stage/{stage}"


def question_of(answer: Answer, name: str = "") -> SavedQuestion:
    """Return an answer as a question to save."""
    return SavedQuestion(
        question=answer.question.replace(name=name or answer.question.name),
        left=int(answer.kept.sum()),
        before=tuple(map(float, answer.before.probabilities)),
        after=tuple(map(float, answer.after.probabilities)),
        at=now(),
    )


def now() -> str:
    """Return the time in the format of notes."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
