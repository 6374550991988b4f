"""The command msm-mil: its subcommands, and exit codes."""

import logging
import signal
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from types import FrameType

from cyclopts import App, CycloptsError, Parameter

from msm_mil_core import __version__
from msm_mil_core.cli.console import errors
from msm_mil_core.cli.exit_codes import ENDED, FAILED, STOPPED, WRONG_USE
from msm_mil_core.cli.only_one import OnlyOneError
from msm_mil_core.errors import MsmMilError

app = App(
    name="msm-mil",
    help="Run MSM-MIL on whole-slide images and see what each mask stage attended to. "
    "Research use, not for diagnosis. --debug shows where an error came from; --config FILE takes options from a TOML "
    "file, of every command.",
    version=__version__,
    default_parameter=Parameter(negative_iterable=()),  # what holds several values is left out, not emptied
    suppress_keyboard_interrupt=False,  # it is told below
)
COMMANDS = {
    "running": ("run", "status", "retry", "view", "encode", "encoders"),
    "asking": ("export", "send", "compare", "explain", "whatif", "report"),
    "training": ("check", "train", "evaluate", "models", "import-model"),
}
"""The rooms beside this file, and the commands in each; those of no room follow."""
for room, names in COMMANDS.items():
    for name in names:
        module = name.replace("-", "_")  # imported when called: help and errors appear at once
        app.command(f"msm_mil_core.cli.commands:{room}.{module}", name=name)
for name in ("describe", "doctor", "demo"):
    app.command(f"msm_mil_core.cli.commands:{name}", name=name)
app.command("msm_mil_core.cli.completion:install_completion", name="--install-completion")


class EndedError(KeyboardInterrupt):
    """Raised when this process is to end: everything is cleared away as after Ctrl+C."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what the terminal's encoding lacks is written out, not an error
            stream.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, _end)
    sys.exit(call(list(sys.argv[1:] if argv is None else argv)))


def call(words: list[str]) -> int:
    """Run one command and return its exit code, as `exit_codes` tells them."""
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    logging.basicConfig(level=logging.DEBUG if debug else logging.ERROR)
    try:
        words, app.config = _take_options_file(words)
        code = app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except KeyboardInterrupt as stopped:
        _print("stopped; finished files remain.")
        return ENDED if isinstance(stopped, EndedError) else STOPPED
    except OnlyOneError as failed:
        if debug:
            raise failed.cause from None
        _print(_sentence(failed.cause))
        return FAILED
    except Exception as exc:  # the border between the program and its user
        if debug:
            raise
        _print(_sentence(exc))
        return WRONG_USE
    return code if isinstance(code, int) else 0


def _end(_number: int, _frame: FrameType | None) -> None:
    """End as by Ctrl+C: claims are given up, processes stopped, what is encoded kept."""
    raise EndedError


def _take_options_file(words: list[str]) -> tuple[list[str], tuple[Callable[..., None], ...]]:
    """Return the words without --config FILE, and the options of that file."""
    if not any(word.partition("=")[0] == "--config" for word in words):
        return words, ()
    from msm_mil_core.cli.options_file import take_options_file

    return take_options_file(words, tuple(app))


def _sentence(exc: Exception) -> str:
    if isinstance(exc, MsmMilError):
        return str(exc)
    from pydantic import ValidationError  # with what is below, not needed to show help

    from msm_mil_core.cli.wrong_option import describe_wrong_use
    from msm_mil_core.unforeseen import describe_unforeseen

    return describe_wrong_use(exc) if isinstance(exc, CycloptsError | ValidationError) else describe_unforeseen(exc)


def _print(sentence: str) -> None:
    line = " ".join(sentence.split())
    errors.print(f"msm-mil: {line}", highlight=False, soft_wrap=True)
