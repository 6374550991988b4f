"""A dated change to what a person noted, and sets of them that several programs can make and unite without loss."""

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from uuid import uuid4

from pydantic import Field

from msm_mil_core.options import Options
from msm_mil_core.results.notes import Note


class Change(Options):
    """That something was noted, noted differently, or deleted."""

    subject: str
    """On what it is: of all changes on one subject the latest is in force."""
    time_us: int = Field(ge=0)
    """When it was made, microseconds since 1970; later than every change that its writer had seen, whatever the clock
    says."""
    writer: str
    """Which program made it; decides between changes of the same time."""
    content: Note | None
    """None deletes what was noted."""

    @property
    def order(self) -> tuple[int, str, str]:
        """What puts changes on one subject in order, the latest last; equal only for equal ones."""
        return self.time_us, self.writer, self.model_dump_json()


def unite(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return each change once, by subject and in order: the same whatever their order was before."""
    each = {(change.subject, *change.order): change for change in changes}
    return tuple(each[key] for key in sorted(each))


def in_force(changes: Sequence[Change]) -> dict[str, Change]:
    """Return the latest change on each subject, of changes in order; those that delete are among them."""
    return {change.subject: change for change in changes}


def first_noted(changes: Sequence[Change]) -> dict[str, int]:
    """Return when each subject was first noted, microseconds since 1970."""
    times: dict[str, list[int]] = defaultdict(list)
    for change in changes:
        times[change.subject].append(change.time_us)
    return {subject: min(found) for subject, found in times.items()}


def next_change(known: Iterable[Change], subject: str, content: Note | None) -> Change:
    """Return a change that is later than all known ones, even those of a clock that is ahead of this one."""
    seen = max((change.time_us for change in known), default=0)
    now = time.time_ns() // 1000
    return Change(subject=subject, time_us=max(now, seen + 1), writer=_writer(os.getpid()), content=content)


@cache
def _writer(process: int) -> str:
    """Return the name of a process; all but its number is random, so it says nothing about who uses it."""
    return f"{uuid4().hex[:12]}-{process}"
