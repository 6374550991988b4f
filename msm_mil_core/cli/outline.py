"""The outline of the command line: help, and names that do not exist, without importing any command.

It is recorded from the commands themselves by `python -m msm_mil_core.cli.record_outline`. What it says of a command
counts only while the source of the command and its options is what it was recorded from.
"""

import json
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from msm_mil_core.cli.help_page import HelpPage

OUTLINE = Path(__file__).with_name("outline.json")
CORE = Path(__file__).parents[1]
HELP = ("--help", "-h")
CLOSE = 0.6
"""How like a name that exists an unknown one must be to suggest it, 0 to 1."""
PATTERN = frozenset("*?[")
"""What makes a path a pattern for many."""


@dataclass(frozen=True, slots=True)
class Surface:
    """The first lines of a source file, down to where it has told what a user can choose."""

    file: str
    """In the core's folder."""
    lines: int
    crc: int

    def is_current(self) -> bool:
        """Return whether the lines are still the same."""
        try:
            return surface_crc(CORE / self.file, self.lines) == self.crc
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class CommandOutline:
    """What is known of one command, or of the whole."""

    page: HelpPage
    options: dict[str, tuple[int, bool]]
    """For each name how many words follow it, and whether any words do."""
    takes_files: bool
    """Whether its arguments are files or folders that must exist."""
    surfaces: tuple[Surface, ...]


def surface_crc(path: Path, lines: int) -> int:
    """Return a checksum of the first lines of a file."""
    with path.open("rb") as file:
        return zlib.crc32(b"".join(line.rstrip(b"\r\n") + b"\n" for line, _ in zip(file, range(lines), strict=False)))


def find_outline(command: str) -> CommandOutline | None:
    """Return the outline of a command, "" for the whole; None if there is none, or its source has changed."""
    try:
        written = json.loads(OUTLINE.read_text(encoding="utf-8"))[command]
    except (OSError, ValueError, KeyError):
        return None
    surfaces = tuple(Surface(**surface) for surface in written["surfaces"])
    return _read(written, surfaces) if all(surface.is_current() for surface in surfaces) else None


def _read(written: dict[str, Any], surfaces: tuple[Surface, ...]) -> CommandOutline:
    options = {name: (follow, anything) for name, (follow, anything) in written["options"].items()}
    return CommandOutline(HelpPage.of_json(written["page"]), options, written["takes_files"], surfaces)


def asks_for_help(words: Sequence[str]) -> bool:
    """Return whether help is asked for: before a lone "--", as what follows it are arguments."""
    before = words[: words.index("--")] if "--" in words else words
    return any(word in HELP for word in before)


def describe_wrong_words(words: Sequence[str], outline: CommandOutline) -> str:
    """Say which option does not exist, or that no file does; empty if the command itself has to look at the words.

    Parameters
    ----------
    words
        What was typed after the command.
    """
    arguments, plain, rest = [], True, iter(words)
    for word in rest:
        if word == "--" or (word.startswith("-") and not word.startswith("--")):
            return ""
        name, equals, _ = word.partition("=")
        if not word.startswith("--"):
            arguments.append(word)
        elif (option := outline.options.get(_normal(name))) is None:
            return _unknown(name, outline)
        else:
            plain &= option[1] or (not option[0] and not equals)
            list(islice(rest, 0 if equals else option[0]))  # its values
    return _missing(arguments) if outline.takes_files and plain else ""


def _normal(name: str) -> str:
    return "--" + name[2:].replace("_", "-").lower()


def _unknown(name: str, outline: CommandOutline) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, outline.options, n=1, cutoff=CLOSE)
    return f"Unknown option: {name}.{f' Did you mean {close[0]}?' if close else ''}"


def _missing(arguments: Sequence[str]) -> str:
    """Say that none of the arguments exists; where one does, the command goes on with that."""
    if not arguments or any(PATTERN & set(word) or _exists(word) for word in arguments):
        return ""
    return f"There is no file {arguments[0]}. Check the path."


def _exists(word: str) -> bool:
    try:
        return Path(word).exists()
    except (OSError, ValueError):
        return sys.platform == "win32"  # a name that cannot be asked for there: the command says why
