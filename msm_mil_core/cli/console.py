"""Output of the command line: progress bars on a terminal, plain lines in a log."""

import sys
import time
import unicodedata
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from msm_mil_core.progress import Progress

if TYPE_CHECKING:  # slow to import, and not needed to print
    from rich import progress

Noun = TypeVar("Noun")

LOG_WIDTH = 160
"""Columns of a table that goes to a file or another program."""

LOG_EVERY_S = 10.0
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # part of words in some scripts, and of some emoji


def printable(text: str) -> str:
    """Return text without what a terminal would obey, or that cannot be printed: control characters are written out.

    Names of slides, classes and models come from files, and may hold anything.
    """
    return "".join(map(_printable, text))


def _printable(letter: str) -> str:
    unseen = unicodedata.category(letter) in _UNSEEN and letter not in _JOINERS
    return letter.encode("unicode_escape").decode("ascii") if unseen else letter


class _PlainConsole(Console):
    """Prints text as it is: no markup, no emoji codes, nothing that a terminal would obey but its own colours."""

    def __init__(self, **choices: Any) -> None:
        super().__init__(markup=False, emoji=False, **choices)

    def render_str(self, text: str, **choices: Any) -> Text:
        """Write out control characters before widths are computed; lines stay lines."""
        return super().render_str(_lines(text), **choices)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Do the same for what comes as something else than a string."""
        for segment in super().render(renderable, options):
            plain = segment.control or segment.text.isprintable() or segment.text == "\n"
            yield segment if plain else Segment(_lines(segment.text), segment.style)


def _lines(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


out = _PlainConsole(width=None if sys.stdout.isatty() else LOG_WIDTH)
errors = _PlainConsole(stderr=True)


def print_line(line: str) -> None:
    """Print a line literally: not wrapped, without highlighting, and one line whatever names it holds."""
    out.print(printable(line), highlight=False, soft_wrap=True)


def drive(work: Generator[Progress, None, Noun], title: str) -> Noun:
    """Run long work to its end, showing its progress, and return its result."""
    if not errors.is_terminal:
        return _watch(work, _Lines(title))
    from rich import progress

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


def _columns() -> "tuple[progress.ProgressColumn, ...]":
    from rich import progress

    return (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[rate]}", markup=False),
        progress.TimeRemainingColumn(),
    )


class _Bar:
    def __init__(self, title: str, bars: "progress.Progress") -> None:
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
