"""Progress of long work on the command line: bars on a terminal, plain lines in a log."""

import time
from collections.abc import Generator
from typing import Protocol, TypeVar

from rich import progress

from msm_mil_core.cli.console import errors, printable
from msm_mil_core.progress import Progress

Noun = TypeVar("Noun")

LOG_EVERY_S = 10.0


def drive(work: Generator[Progress, None, Noun], title: str) -> Noun:
    """Run long work to its end, showing its progress, and return its result."""
    if not errors.is_terminal:
        return _watch(work, _Lines(title))
    with progress.Progress(*_columns(), console=errors, transient=True) as bars:
        return _watch(work, _Bar(title, bars))


class _View(Protocol):
    def begin(self, now: Progress) -> None: ...
    def advance(self, now: Progress, rate: str) -> None: ...


def _watch(work: Generator[Progress, None, Noun], view: _View) -> Noun:
    step, began = "", 0.0
    while True:
        try:
            now = next(work)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # a StopIteration carries Any
        if now.step != step:
            step, began = now.step, time.monotonic()
            view.begin(now)
        view.advance(now, _rate(now, began))


def _rate(now: Progress, began: float) -> str:
    seconds = time.monotonic() - began
    return f"{now.done / seconds:.0f} {now.unit}/s" if now.done and seconds > 0 else ""


def _columns() -> tuple[progress.ProgressColumn, ...]:
    return (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[rate]}", markup=False),
        progress.TimeRemainingColumn(),
    )


class _Bar:
    def __init__(self, title: str, bars: progress.Progress) -> None:
        self._title, self._bars = title, bars
        self._task = bars.add_task(title, total=None, rate="")

    def begin(self, now: Progress) -> None:
        self._bars.reset(self._task, description=f"{self._title}: {now.step}", total=now.total)

    def advance(self, now: Progress, rate: str) -> None:
        self._bars.update(self._task, completed=now.done, total=now.total, rate=rate)


class _Lines:
    def __init__(self, title: str) -> None:
        self._title, self._printed = title, 0.0

    def begin(self, now: Progress) -> None:
        self._print(f"{self._title}: {now.step}")

    def advance(self, now: Progress, rate: str) -> None:
        if time.monotonic() - self._printed > LOG_EVERY_S:
            self._print(f"{self._title}: {now.step} {now.done}/{now.total} {now.unit} {rate}")

    def _print(self, line: str) -> None:
        self._printed = time.monotonic()
        errors.print(printable(line), highlight=False, soft_wrap=True)
