"""CSV tables as this program writes them all: whole, in UTF-8, and without a cell that a spreadsheet would run."""

import re
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from os import SEEK_END
from pathlib import Path

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.errors import OutputError
from msm_mil_core.file_lock import HeldError, NoLockError, locked

LOCK_S = 10.0
"""How long a row waits for others to be added; after that it is added all the same."""

_SIGN = "[=+@＝＋－＠-]"  # the full-width ones begin a formula in East Asian spreadsheets
_RUN = re.compile(rf"'*(?:\s*{_SIGN}|[\t\r\n])")
_RUN_WITHIN = re.compile(rf"(?<=[;\t\r\n])('*)(?={_SIGN})")  # where these, and not commas, separate the cells
_KEPT_WITHIN = re.compile(rf"(?<=[;\t\r\n])'('*)(?={_SIGN})")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|nan)")
_QUOTED = re.compile(r'[,;"\t\r\n]|^\s|\s$')


def write_table(path: Path, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a table; the file is whole or absent.

    Numbers are written as they are, and so is text that is a number; other text as `harmless` returns it, and None as
    an empty cell.

    Raises
    ------
    OutputError
        If it cannot be written there.
    """
    with whole_file(path) as part, part.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        file.write(_line(columns))
        file.writelines(_line(row) for row in rows)


def append_row(path: Path, columns: Iterable[str], cells: Iterable[object]) -> None:
    """Add a row to the end of a table, which begins with the columns if it is new; several processes may do so at once.

    Where the drive cannot lock files, rows of several machines may run into each other.

    Raises
    ------
    OutputError
        If it cannot be written there; what is there of the row then stays on a line of its own.
    """
    with ExitStack() as stack:
        with suppress(NoLockError, HeldError):
            stack.enter_context(locked(path, "is being written", wait_s=LOCK_S))
        try:
            with path.open("ab+") as file:
                end = file.seek(0, SEEK_END)
                file.seek(max(0, end - 1))
                torn = end > 0 and file.read(1) != b"\n"
                text = ("" if end else _line(columns)) + ("\n" if torn else "") + _line(cells)
                file.write(text.encode(errors="backslashreplace"))
        except OSError as exc:
            raise OutputError(f"Cannot write {path}: {exc.strerror or exc}.") from exc


def harmless(text: str) -> str:
    """Return text as a cell that no spreadsheet runs: an apostrophe stands before what would begin a formula."""
    if _NUMBER.fullmatch(text):
        return text
    within = _RUN_WITHIN.sub(r"'\1", text)
    return f"'{within}" if _RUN.match(text) else within


def as_text(cell: str) -> str:
    """Return the text of which `harmless` made a cell."""
    text = _KEPT_WITHIN.sub(r"\1", cell)
    return text[1:] if text.startswith("'") and _RUN.match(text) else text


def _line(cells: Iterable[object]) -> str:
    return ",".join(map(_cell, cells)) + "\n"


def _cell(value: object) -> str:
    text = harmless(value) if isinstance(value, str) else "" if value is None else str(value)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
