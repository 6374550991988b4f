"""The command msm-mil: its subcommands, and exit codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING

from msm_mil_core import __version__
from msm_mil_core.cli.console import errors, out
from msm_mil_core.cli.help_page import print_help
from msm_mil_core.cli.outline import asks_for_help, describe_wrong_words, find_outline
from msm_mil_core.errors import MsmMilError

if TYPE_CHECKING:  # help and wrong options are answered without it
    from cyclopts import App

WRONG_USE = 2
"""Exit code for wrong use and for input that cannot be used; 1 is for a batch of which some slides failed."""

ABOUT = (
    "Run MSM-MIL on whole-slide images and see what each mask stage attended to. "
    "Research use, not for diagnosis. --debug shows where an error came from."
)
COMMANDS = (
    "run",
    "export",
    "compare",
    "explain",
    "whatif",
    "report",
    "view",
    "check",
    "train",
    "evaluate",
    "encode",
    "models",
    "encoders",
    "doctor",
    "demo",
)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what the terminal's encoding lacks is written out, not an error
            stream.reconfigure(errors="backslashreplace")
    sys.exit(call(list(sys.argv[1:] if argv is None else argv)))


def call(words: list[str]) -> int:
    """Run one command and return its exit code: 0 good, 1 some slides failed, 2 wrong use or unusable input."""
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    if (code := _answer_from_outline(words)) is not None:
        return code
    return _run(words, debug=debug)


def make_app() -> App:
    """Return the command line as cyclopts has it; each command is imported when it is called."""
    from cyclopts import App

    app = App(name="msm-mil", help=ABOUT, version=__version__, help_format="plaintext")
    for name in COMMANDS:
        app.command(f"msm_mil_core.cli.{name}:{name}")
    return app


def _answer_from_outline(words: list[str]) -> int | None:
    """Print help, or what is wrong with the words, if that can be said without importing the command."""
    command = words[0] if words and words[0] in COMMANDS else ""
    bare = not words or (len(words) == 1 and asks_for_help(words))
    outline = find_outline(command) if command or bare else None
    if outline is None:
        return None
    if not words or asks_for_help(words):
        print_help(outline.page, out)
        return 0
    if wrong := describe_wrong_words(words[1:], outline):
        _print(wrong)
        return WRONG_USE
    return None


def _run(words: list[str], *, debug: bool) -> int:
    import logging

    logging.basicConfig(level=logging.DEBUG if debug else logging.ERROR)
    try:
        code = make_app()(words, exit_on_error=False, print_error=False, result_action="return_value")
    except KeyboardInterrupt:
        errors.print("msm-mil: stopped; finished files remain.", highlight=False)
        return 130
    except Exception as exc:  # the border between the program and its user
        if debug:
            raise
        _print(_sentence(exc))
        return WRONG_USE
    return code if isinstance(code, int) else 0


def _sentence(exc: Exception) -> str:
    if isinstance(exc, MsmMilError):
        return str(exc)
    from cyclopts import CycloptsError  # with what is below, not needed to show help
    from pydantic import ValidationError

    from msm_mil_core.cli.unforeseen import describe_unforeseen
    from msm_mil_core.cli.wrong_option import describe_wrong_use

    return describe_wrong_use(exc) if isinstance(exc, CycloptsError | ValidationError) else describe_unforeseen(exc)


def _print(sentence: str) -> None:
    line = " ".join(sentence.split())
    errors.print(f"msm-mil: {line}", highlight=False, soft_wrap=True)
