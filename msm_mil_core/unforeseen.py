"""Errors that nobody foresaw: a user reads one sentence, and where they came from is in a file."""

import os
import traceback
from datetime import datetime
from pathlib import Path

from msm_mil_core import __version__
from msm_mil_core.user_folders import errors_folder

LONGEST_CAUSE = 300


def describe_unforeseen(exc: Exception) -> str:
    """Say what happened and where more is written, in one sentence for a user."""
    if isinstance(exc, MemoryError):
        return "This computer has too little memory for it. Close other programs, or use smaller batches."
    cause = " ".join(str(exc).split())[:LONGEST_CAUSE]
    what = f"{type(exc).__name__}: {cause}" if cause else type(exc).__name__
    written = _write_down(exc)
    where = f"where it came from is in {written}" if written else "--debug shows where it came from"
    return f"An unforeseen error occurred ({what}); {where}. Please report it with that."


def _write_down(exc: Exception) -> Path | None:
    """Append the traceback to this process's file, and return it; None where it cannot be written."""
    path = errors_folder() / f"{datetime.now().astimezone():%Y-%m-%d}-{os.getpid()}.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"napari-msm-mil {__version__}\n{''.join(traceback.format_exception(exc))}\n")
    except OSError:
        return None
    return path
