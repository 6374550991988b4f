"""What a person added to a result: verdicts, questions and how it was viewed; stored in the result's file."""

import os
import shutil
from datetime import datetime
from pathlib import Path

import h5py
from pydantic import Field

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.display.heatmap import Contrast
from msm_mil_core.errors import Hdf5Error, OutputError, ResultError
from msm_mil_core.explain.what_if import Answer, Question
from msm_mil_core.hdf5.opening import open_hdf5
from msm_mil_core.hdf5.writing import written_hdf5
from msm_mil_core.options import Options

DATASET = "notebook"


class _Note(Options):
    """Part of what a person added."""


class Verdict(_Note):
    """What a pathologist says a stage attends to."""

    stage: int = Field(ge=0)
    """Counted from 0."""
    label: str
    """tumour, inflammation, artefact, or free text."""
    note: str = ""
    """Free text."""
    at: str
    """ISO 8601, with the time zone."""


class SavedQuestion(_Note):
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


class StageView(_Note):
    """How a stage's map was shown."""

    visible: bool = True
    contrast: Contrast = "rank"
    opacity: float = Field(default=0.7, ge=0, le=1)


class View(_Note):
    """How a result was shown."""

    stages: tuple[StageView, ...]
    shared_scale: bool = False
    """Whether the colours of all stages stand for the same values."""
    top_percent: float = Field(default=100, gt=0, le=100)
    """How much of each stage's map was shown, from the top."""
    claimed: bool = True
    """Whether claimed tiles were outlined."""


class Annotations(_Note):
    """Everything a person added to a result; none of it is recomputed when the result is opened."""

    verdicts: tuple[Verdict, ...] = ()
    """At most one a stage."""
    questions: tuple[SavedQuestion, ...] = ()
    """In the order in which they were saved."""
    view: View | None = None

    def verdict_of(self, stage: int) -> Verdict | None:
        """Return the verdict on a stage."""
        return next((verdict for verdict in self.verdicts if verdict.stage == stage), None)

    def with_verdict(self, verdict: Verdict) -> "Annotations":
        """Return annotations with this verdict in place of the stage's last; an empty one removes it."""
        others = [known for known in self.verdicts if known.stage != verdict.stage]
        new = [verdict] if verdict.label or verdict.note else []
        ordered = sorted([*others, *new], key=lambda known: known.stage)
        return self.replace(verdicts=tuple(ordered))

    def with_question(self, kept: SavedQuestion) -> "Annotations":
        """Return annotations with one more question."""
        return self.replace(questions=(*self.questions, kept))

    def without_question(self, index: int) -> "Annotations":
        """Return annotations without one of its questions."""
        left = tuple(kept for at, kept in enumerate(self.questions) if at != index)
        return self.replace(questions=left)


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
    """Return the time in the format of annotations."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def load_annotations(path: Path) -> Annotations:
    """Read what a person added to a result's file: verdicts, questions, view; empty if nobody added anything.

    Raises
    ------
    ResultError
        If the file or its annotations cannot be read.
    """
    try:
        with open_hdf5(path) as file:
            text = file[DATASET].asstr()[()] if DATASET in file else "{}"
        return Annotations.model_validate_json(text)
    except (Hdf5Error, OSError, RuntimeError, KeyError, TypeError, AttributeError, ValueError) as exc:
        why = str(exc).splitlines()[0]
        raise ResultError(f"The annotations in {path} cannot be read ({why}). The result may still open.") from exc


def save_annotations(annotations: Annotations, path: Path) -> None:
    """Put annotations into a result's file, in place of earlier ones; the file is whole at every moment.

    Nothing else changes: the file's permissions stay, and so do links to it.

    Raises
    ------
    OutputError
        If the file does not exist, is read-only or damaged, or cannot be written.
    """
    if not path.is_file():
        raise OutputError(f"{path} no longer exists, so the annotations are not saved.")
    if not is_writable(path):
        raise OutputError(f"{path} is read-only, so the annotations are not saved in it.")
    if not computed_at(path):
        raise OutputError(f"{path} is damaged or no longer a result, so the annotations are not saved in it.")
    with whole_file(path.resolve()) as part:
        shutil.copy(path, part)
        try:
            with written_hdf5(part, "r+") as file:
                write_annotations(file, annotations)
        except (RuntimeError, KeyError, ValueError) as exc:
            raise OutputError(f"{path} is damaged ({exc}), so the annotations are not saved in it.") from exc


def is_writable(path: Path) -> bool:
    """Return whether annotations can be put into a result's file.

    The file's own permissions count first: a read-only file could be replaced, but that is not what its owner wants.
    """
    return path.is_file() and bool(path.stat().st_mode & 0o222) and os.access(path.resolve().parent, os.W_OK)


def computed_at(path: Path) -> str:
    """Return when the result in a file was computed, as its `created` states; empty if it cannot be read."""
    try:
        with open_hdf5(path) as file:
            return str(file.attrs.get("created", ""))
    except (Hdf5Error, OSError, RuntimeError):
        return ""


def write_annotations(file: h5py.File, annotations: Annotations) -> None:
    """Put annotations into an open result file, in place of earlier ones."""
    if DATASET in file:
        del file[DATASET]
    file[DATASET] = annotations.model_dump_json()
