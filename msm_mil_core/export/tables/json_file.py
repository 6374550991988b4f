"""JSON for programs: one head, the same bytes for the same values, null for undefined values."""

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path

from pydantic import JsonValue

from msm_mil_core import __version__
from msm_mil_core.atomic_write import whole_file

WARNING = "Research use, not for diagnosis."

Record = dict[str, JsonValue]


def head(schema: str) -> Record:
    """Return what every record begins with."""
    return {"schema": schema, "created_by": f"napari-msm-mil {__version__}", "warning": WARNING}


def number(value: float) -> float | None:
    """Return a value, None for NaN and infinity, which JSON does not have."""
    return value if isfinite(value) else None


def numbers(values: Mapping[str, float]) -> Record:
    """Return values by their names, None for NaN and infinity."""
    return {name: number(value) for name, value in values.items()}


def write_json(record: Record, path: Path) -> None:
    """Write a record; the file is whole or absent.

    Raises
    ------
    OutputError
        If it cannot be written there.
    """
    with whole_file(path) as part:
        fill_json(record, part)


def fill_json(record: Record, part: Path) -> None:
    """Write a record into a file that is being made; `write_json` makes one of its own."""
    text = json.dumps(record, indent=1, allow_nan=False, ensure_ascii=False)
    part.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
