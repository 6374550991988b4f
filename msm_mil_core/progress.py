"""The progress of long work: what every long generator yields."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TypeVar

Noun = TypeVar("Noun")


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of long work, `done` of `total` units of it; between two of these the work may be dropped."""

    step: str
    """What is being done, as a user reads it: "Finding tissue", "Encoding tiles"."""
    done: int
    total: int
    unit: str = "steps"
    """What is counted: "tiles", "epochs"."""


def finish(work: Generator[Progress, None, Noun]) -> Noun:
    """Run long work to its end without showing its progress, and return its result; errors pass through."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # a StopIteration carries Any


def named(work: Generator[Progress, None, Noun], step: str) -> Generator[Progress, None, Noun]:
    """Do long work as a step of something larger, which says what it is there for."""
    with closing(work):
        while True:
            try:
                now = next(work)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]  # a StopIteration carries Any
            yield replace(now, step=step)
