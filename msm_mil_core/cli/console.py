"""Output of the command line: nothing in it that a terminal would obey."""

import sys
import unicodedata
from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

LOG_WIDTH = 160
"""Columns of a table that goes to a file or another program."""

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


def print_message(line: str) -> None:
    """Print a line as `print_line` does, on the standard error: for people, where programs read the standard output."""
    errors.print(printable(line), highlight=False, soft_wrap=True)


def print_line(line: str) -> None:
    """Print a line literally: not wrapped, without highlighting, and one line whatever names it holds."""
    out.print(printable(line), highlight=False, soft_wrap=True)
