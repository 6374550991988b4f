"""What a person added to a result, as dated changes: what several programs add is merged, and nothing is lost."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import uuid4

import h5py
from pydantic import field_validator, model_validator

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.errors import Hdf5Error, OutputError, ResultError
from msm_mil_core.file_lock import locked
from msm_mil_core.hdf5.opening import open_hdf5
from msm_mil_core.hdf5.writing import written_hdf5
from msm_mil_core.options import Options
from msm_mil_core.results.change import Change, first_noted, in_force, next_change, unite
from msm_mil_core.results.notes import (
    VIEW,
    Note,
    SavedQuestion,
    StageView,
    Verdict,
    View,
    now,
    question_of,
    subject_of_stage,
)
from msm_mil_core.results.plain_notes import PlainNotes, changes_of
from msm_mil_core.results.run_identity import holds_run
from msm_mil_core.results.slide_result import SlideResult

__all__ = [
    "Annotations",
    "SavedQuestion",
    "StageView",
    "Verdict",
    "View",
    "computed_at",
    "is_writable",
    "load_annotations",
    "now",
    "question_of",
    "save_annotations",
    "write_annotations",
]

DATASET = "notebook"
VIEWS = 10
"""How many earlier views are kept; of verdicts and questions all are."""
KINDS: Mapping[str, type[Note]] = {"stage": Verdict, "question": SavedQuestion, VIEW: View}
"""What may be noted on a subject, by the first word of its name: stage/0, question/7f3a, view."""
WAIT_S = 30.0
"""How long to wait for another program that writes the same result."""

N = TypeVar("N", Verdict, SavedQuestion, View)


class Annotations(Options):
    """Everything a person added to a result; none of it is recomputed when the result is opened.

    `Annotations(verdicts=..., questions=..., view=...)` takes notes without a history, as older files hold them.
    """

    changes: tuple[Change, ...] = ()
    """All of them, by subject, the latest last."""

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """At most one a stage, by stage."""
        return tuple(sorted(self._noted(Verdict).values(), key=lambda verdict: verdict.stage))

    @property
    def questions(self) -> tuple[SavedQuestion, ...]:
        """In the order in which they were saved."""
        return tuple(self._noted(SavedQuestion).values())

    @property
    def view(self) -> View | None:
        """How the result was shown last; None if that is not known."""
        return self._noted(View).get(VIEW)

    def verdict_of(self, stage: int) -> Verdict | None:
        """Return the verdict on a stage."""
        return self._noted(Verdict).get(subject_of_stage(stage))

    def earlier_verdicts(self, stage: int) -> tuple[Verdict, ...]:
        """Return the verdicts on a stage that are no longer in force, in their order: no verdict is forgotten."""
        last = in_force(self.changes).get(subject_of_stage(stage))
        earlier = (
            change.content for change in self.changes if change.subject == subject_of_stage(stage) and change != last
        )
        return tuple(verdict for verdict in earlier if isinstance(verdict, Verdict))

    def with_verdict(self, verdict: Verdict) -> "Annotations":
        """Return annotations with this verdict in place of the stage's last; an empty one removes it."""
        if verdict.label or verdict.note:
            return self._with(subject_of_stage(verdict.stage), verdict)
        return self if self.verdict_of(verdict.stage) is None else self._with(subject_of_stage(verdict.stage), None)

    def with_question(self, saved: SavedQuestion) -> "Annotations":
        """Return annotations with one more question."""
        return self._with(f"question/{uuid4().hex}", saved)

    def without_question(self, index: int) -> "Annotations":
        """Return annotations without one of its questions."""
        subjects = list(self._noted(SavedQuestion))
        return self._with(subjects[index], None) if 0 <= index < len(subjects) else self

    def with_view(self, view: View) -> "Annotations":
        """Return annotations with this view in place of the last."""
        return self if view == self.view else self._with(VIEW, view)

    def merged(self, other: "Annotations") -> "Annotations":
        """Return the notes of both; on each subject the later one is in force, and the earlier one is not forgotten.

        The order does not matter, nor how often the same notes are merged.
        """
        return self if other == self else Annotations(changes=(*self.changes, *other.changes))

    def _with(self, subject: str, content: Note | None) -> "Annotations":
        return Annotations(changes=(*self.changes, next_change(self.changes, subject, content)))

    def _noted(self, kind: type[N]) -> dict[str, N]:
        """Return what is in force of one kind by its subject, in the order in which the subjects were first noted."""
        times = first_noted(self.changes)
        latest = sorted(in_force(self.changes).items(), key=lambda item: (times[item[0]], item[0]))
        return {subject: change.content for subject, change in latest if isinstance(change.content, kind)}

    @model_validator(mode="before")
    @classmethod
    def _from_plain_notes(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or "changes" in given or not given:
            return given
        return {"changes": tuple(changes_of(PlainNotes.model_validate(given)))}

    @field_validator("changes")
    @classmethod
    def _in_order(cls, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        ordered = unite(changes)
        views = [change for change in ordered if change.subject == VIEW]
        forgotten = views[: -VIEWS - 1]
        return tuple(change for change in ordered if change not in forgotten)

    @model_validator(mode="after")
    def _subjects_fit(self) -> Self:
        for change in self.changes:
            kind, content = KINDS.get(change.subject.partition("/")[0]), change.content
            if kind is None or not isinstance(content, kind | None):
                raise ValueError(f"{change.subject} is no subject of such a note")
            if isinstance(content, Verdict) and change.subject != subject_of_stage(content.stage):
                raise ValueError(f"{change.subject} has a verdict on stage {content.stage}")
        return self


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


def save_annotations(annotations: Annotations, path: Path, result: SlideResult | None = None) -> Annotations:
    """Merge annotations into those in a result's file, and return what it holds now; it is whole at every moment.

    Nothing else changes: the file's permissions stay, and so do links to it. Programs that save at the same time wait
    for each other.

    Parameters
    ----------
    result
        What the annotations are on; None does not check whether the file still holds it.

    Raises
    ------
    OutputError
        If the file does not exist, is read-only or damaged, holds another run by now, or cannot be locked or written.
    """
    _check_can_hold(path)
    with locked(path, "is being saved", wait_s=WAIT_S):
        _check_holds_result(path)
        if result is not None and not holds_run(path, result):
            raise OutputError(f"{path} holds another run by now, so the annotations are not saved in it.")
        try:
            stored = load_annotations(path)
        except ResultError as exc:
            raise OutputError(f"{exc} So that they are not lost, no others are saved in it.") from exc
        merged = stored.merged(annotations)
        _replace(merged, path)
        return merged


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
    """Put annotations into an open result file, in place of those in it."""
    if DATASET in file:
        del file[DATASET]
    file[DATASET] = annotations.model_dump_json()


def _check_can_hold(path: Path) -> None:
    if not path.is_file():
        raise OutputError(f"{path} no longer exists, so the annotations are not saved.")
    if not is_writable(path):
        raise OutputError(f"{path} is read-only, so the annotations are not saved in it.")


def _check_holds_result(path: Path) -> None:
    """Only while the path is locked: a file that others replace time and again cannot be told from a damaged one."""
    if not computed_at(path):
        raise OutputError(f"{path} is damaged or no longer a result, so the annotations are not saved in it.")


def _replace(annotations: Annotations, path: Path) -> None:
    with whole_file(path.resolve()) as part:
        shutil.copy(path, part)
        try:
            with written_hdf5(part, "r+") as file:
                write_annotations(file, annotations)
        except (RuntimeError, KeyError, ValueError) as exc:
            raise OutputError(f"{path} is damaged ({exc}), so the annotations are not saved in it.") from exc
