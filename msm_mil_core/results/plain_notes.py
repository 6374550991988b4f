"""Notes without a history, as files held them before notes were merged: read as dated changes."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

from msm_mil_core.options import Options
from msm_mil_core.results.change import Change
from msm_mil_core.results.notes import VIEW, Note, SavedQuestion, Verdict, View, subject_of_stage


class PlainNotes(Options):
    """The notes in force, without a history, as files held them before they were merged."""

    verdicts: tuple[Verdict, ...] = ()
    questions: tuple[SavedQuestion, ...] = ()
    view: View | None = None


def changes_of(plain: PlainNotes) -> Iterator[Change]:
    """Date notes by what they say themselves: two programs that read the same file get the same changes."""
    for verdict in plain.verdicts:
        yield _plain_change(subject_of_stage(verdict.stage), _time_us(verdict.at), verdict)
    time_us, names = -1, list[str]()
    for question in plain.questions:
        time_us = max(_time_us(question.at), time_us + 1)  # so that they stay in their order
        names.append(_digest(question))
        yield _plain_change(f"question/{names[-1]}-{names.count(names[-1])}", time_us, question)
    if plain.view is not None:
        yield _plain_change(VIEW, 0, plain.view)


def _plain_change(subject: str, time_us: int, note: Note) -> Change:
    return Change(subject=subject, time_us=time_us, writer=f"plain-{_digest(note)}", content=note)


def _digest(note: Note) -> str:
    return hashlib.sha256(note.model_dump_json().encode()).hexdigest()[:12]


def _time_us(at: str) -> int:
    """Return microseconds since 1970; 0 if it is not a time."""
    try:
        read = datetime.fromisoformat(at)
        return max(0, int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() * 1_000_000))
    except (ValueError, OverflowError, OSError):
        return 0
