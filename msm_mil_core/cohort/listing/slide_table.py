"""A table of slides: one a row, with its pixel size, its region and its features where they are known."""

import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from msm_mil_core.cohort.listing.slide_entry import SlideEntry
from msm_mil_core.errors import SlideListError, TrainingError
from msm_mil_core.learning.dataset.columns import ALIASES
from msm_mil_core.learning.dataset.finding import listed
from msm_mil_core.learning.dataset.sheet import Line, Sheet, column_key, read_sheet
from msm_mil_core.options import describe_flaw, not_a_number

FIELDS = ("slide", "mpp", "region", "features")
_COMMA = re.compile(r"(\d+),(\d+)")
_KNOWN = {field: field for field in FIELDS} | dict.fromkeys(ALIASES["slide"], "slide")


def read_slide_table(path: Path) -> tuple[SlideEntry, ...]:
    """Read a table with a column slide, and mpp, region and features as needed; paths are relative to its folder.

    Raises
    ------
    SlideListError
        If it cannot be read, has no column slide or an unknown one, or a cell that cannot be used; it says where.
    """
    try:
        sheet = read_sheet(path, _KNOWN.keys())
    except TrainingError as exc:
        raise SlideListError(str(exc)) from exc
    columns = _columns(sheet)
    if not sheet.lines:
        raise SlideListError(f"{path} names no slide. Write one a line below {listed(sheet.columns)}.")
    return tuple(_entry(line, columns, len(sheet.columns), path) for line in sheet.lines)


def _columns(sheet: Sheet) -> dict[str, int]:
    if not any(_KNOWN.get(column_key(name)) == "slide" for name in sheet.columns):
        raise SlideListError(
            f"{sheet.path} has no column slide. Its first line must name the columns: slide and, as needed, mpp, "
            "region and features."
        )
    unknown = [name for name in sheet.columns if name and column_key(name) not in _KNOWN]
    if unknown:
        raise SlideListError(
            f"{sheet.path} has the column {listed(unknown)}, which is not known. Known are {', '.join(FIELDS)}; "
            "rename it, or take it out."
        )
    columns: dict[str, int] = {}
    for index, name in enumerate(sheet.columns):
        if name and columns.setdefault(_KNOWN[column_key(name)], index) != index:
            raise SlideListError(f"{sheet.path} has two columns for {_KNOWN[column_key(name)]}. Keep one of them.")
    return columns


def _entry(line: Line, columns: dict[str, int], count: int, path: Path) -> SlideEntry:
    if len(line.cells) > count and any(line.cells[count:]):
        raise SlideListError(
            f"{path}, line {line.number} has more cells than the first line has columns. Put what holds a comma into "
            "quotes, or take out what is too much."
        )
    cells = {field: line.cells[index] for field, index in columns.items() if index < len(line.cells)}
    given: dict[str, Any] = {field: path.parent / cell for field, cell in cells.items() if cell and field != "mpp"}
    if "slide" not in given:
        raise SlideListError(f"{path}, line {line.number}: no slide is named. Name it, or take the line out.")
    try:
        given["mpp"] = _number(cells["mpp"]) if cells.get("mpp") else None
        return SlideEntry(**given)
    except ValidationError as exc:
        flaw = describe_flaw(exc.errors(include_url=False)[0])
    except ValueError:
        flaw = not_a_number(cells["mpp"])
    raise SlideListError(f"{path}, line {line.number}, mpp: {flaw}. Correct it, or leave it empty.")


def _number(cell: str) -> float:
    """Read a number, with a comma for its point as some spreadsheets write it: no pixel size has a thousand."""
    return float(_COMMA.sub(r"\1.\2", cell))
