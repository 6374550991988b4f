"""A table as a spreadsheet saves it: its columns, and the lines that hold a value with their numbers in the file."""

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from msm_mil_core.csv_table import as_text
from msm_mil_core.errors import TrainingError

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_OTHERS = {b"PK\x03\x04": "a workbook", b"\xd0\xcf\x11\xe0": "a workbook", b"\x89HDF": "an HDF5 file"}
_STATED = re.compile(r'"?sep=(.)"?(\r\n|\r|\n)', re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\r|\n")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u2060\ufeff\u00ad"))
_SAVE_AGAIN = "Save it as CSV in UTF-8."


@dataclass(frozen=True, slots=True)
class Line:
    """One record of a table."""

    number: int
    """Of the line on which it begins, from 1, as an editor counts them."""
    cells: tuple[str, ...]
    """Without needless white space; one at least is not empty."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of text."""

    path: Path
    delimiter: str
    columns: tuple[str, ...]
    """Their names, as the first line gives them."""
    lines: tuple[Line, ...]
    """All others that hold a value."""


def read_sheet(path: Path, known: Collection[str]) -> Sheet:
    """Read a table in UTF-8 or UTF-16, separated by commas, semicolons, tabs or bars, with or without a line `sep=;`.

    Parameters
    ----------
    path
        The file.
    known
        Names of columns as `column_key` gives them; the delimiter is the one with which most are found.

    Raises
    ------
    TrainingError
        If it is no such table, or has no line; the message says where.
    """
    text = _decode(_read(path), path)
    _check_characters(text, path)
    stated = _STATED.match(text)
    delimiter, table = (stated[1], text[stated.end() :]) if stated else (_likeliest_delimiter(text, known), text)
    first, *lines = list(_lines(table, delimiter, path, 2 if stated else 1)) or [Line(1, ())]
    return Sheet(path, delimiter, first.cells, tuple(lines))


def column_key(name: str) -> str:
    """Return what is left of a column's name without case, spaces and signs: "Patient ID" and "patient_id" are one."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", name).casefold()))


def _read(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise TrainingError(f"{path} is not a file. Name the table of labels, a CSV file.")
        return path.read_bytes()
    except OSError as exc:
        raise TrainingError(f"Cannot read {path} as a CSV table ({exc.strerror or exc}). {_SAVE_AGAIN}") from exc


def _decode(content: bytes, path: Path) -> str:
    for start, kind in _OTHERS.items():
        if content.startswith(start):
            raise TrainingError(f"Cannot read {path} as a CSV table: it is {kind}. {_SAVE_AGAIN}")
    try:
        return content.decode(_encoding(content))
    except UnicodeDecodeError as exc:
        line = 1 + len(_LINE_END.findall(content[: exc.start].decode("latin-1")))
        where = f"the byte {content[exc.start : exc.start + 1].hex()} in line {line} is not {exc.encoding}"
        raise TrainingError(f"Cannot read {path} as a CSV table ({where}). {_SAVE_AGAIN}") from exc


def _encoding(content: bytes) -> str:
    """Return the encoding by the mark at the start, or by where UTF-16 has its zeros; else UTF-8."""
    marked = next((encoding for mark, encoding in _MARKS.items() if content.startswith(mark)), None)
    zeros = [content[parity::2].count(0) for parity in (0, 1)]
    if marked or 3 * max(zeros) <= len(content) // 2:
        return marked or "utf-8"
    return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"


def _check_characters(text: str, path: Path) -> None:
    control = _CONTROL.search(text)
    if control is not None:
        what = f"line {1 + len(_LINE_END.findall(text[: control.start()]))} holds the control character {control[0]!a}"
        raise TrainingError(f"Cannot read {path} as a CSV table ({what}). {_SAVE_AGAIN}")


def _likeliest_delimiter(text: str, known: Collection[str]) -> str:
    def found(delimiter: str) -> tuple[int, int]:
        header = next((line for line in text.splitlines() if line.strip(f"{delimiter} ")), "")
        try:
            columns = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True), [])
        except csv.Error:
            return 0, 0
        return sum(column_key(column) in known for column in columns), len(columns)

    return max(DELIMITERS, key=found)


def _lines(text: str, delimiter: str, path: Path, first: int) -> Iterator[Line]:
    records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        number = records.line_num + first
        try:
            cells = tuple(map(_cleaned, next(records)))
        except StopIteration:
            return
        except csv.Error as exc:
            what = "a quote is opened and never closed" if "end of data" in str(exc) else str(exc)
            raise TrainingError(f"Cannot read {path} as a CSV table (line {number}: {what}). {_SAVE_AGAIN}") from exc
        if any(cells):
            yield Line(number, cells)


def _cleaned(cell: str) -> str:
    """Return composed letters, without zero-width signs, and with single spaces; line breaks within it stay."""
    visible = unicodedata.normalize("NFC", as_text(cell.strip()).translate(_ZERO_WIDTH))
    return "\n".join(filter(None, (" ".join(part.split()) for part in visible.splitlines())))
