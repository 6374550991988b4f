"""The table that says of each slide what it shows, whose it is and which part of the split it belongs to."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from msm_mil_core.errors import TrainingError

Part = Literal["train", "val", "test"]
NAMES_SHOWN = 5
"""How many names a sentence lists before it only counts."""


@dataclass(frozen=True, slots=True)
class LabelTable:
    """Slides with their labels, in the order of the table."""

    slides: tuple[str, ...]
    labels: tuple[str, ...]
    patients: tuple[str, ...]
    """The slide's own name where the table names no patient."""
    parts: tuple[Part, ...] | None
    """None where the table leaves the split open."""


def read_labels(path: Path) -> LabelTable:
    """Read a CSV table with the columns slide and label and, if wanted, patient and split (train, val or test).

    Raises
    ------
    TrainingError
        If it cannot be used; the message says which line, and what to do.
    """
    rows = _rows(path)
    for column in ("slide", "label"):
        _check_column(column, rows, path)
    twice = [slide for slide, count in Counter(row["slide"] for row in rows).items() if count > 1]
    if twice:
        raise TrainingError(f"{path} names {listed(twice)} more than once. Keep one line for each slide.")
    return LabelTable(
        slides=tuple(row["slide"] for row in rows),
        labels=tuple(row["label"] for row in rows),
        patients=tuple(row.get("patient") or row["slide"] for row in rows),
        parts=_parts(rows, path),
    )


def listed(names: Sequence[str]) -> str:
    """Name the first few, and count the others."""
    shown = ", ".join(names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown} and {len(names) - NAMES_SHOWN} more"


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [_cleaned(row) for row in csv.DictReader(file, restval="")]
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise TrainingError(f"Cannot read {path} as a CSV table ({exc}). Save it as CSV in UTF-8.") from exc
    if not rows:
        raise TrainingError(f"{path} names no slides. Give it a first line slide,label and a line for each slide.")
    return rows


def _cleaned(row: Mapping[str | None, str]) -> dict[str, str]:
    return {column.strip().lower(): value.strip() for column, value in row.items() if column is not None}


def _check_column(column: str, rows: Sequence[Mapping[str, str]], path: Path) -> None:
    if column not in rows[0]:
        raise TrainingError(f"{path} has no column {column}. Its first line must name slide and label.")
    empty = [str(line) for line, row in enumerate(rows, start=2) if not row[column]]
    if empty:
        raise TrainingError(f"{path} leaves the {column} empty in line {listed(empty)}. Fill it in.")


def _parts(rows: Sequence[Mapping[str, str]], path: Path) -> tuple[Part, ...] | None:
    if not any(row.get("split") for row in rows):
        return None
    wrong = sorted({row["split"] for row in rows} - set(get_args(Part)))
    if wrong:
        raise TrainingError(f"{path} has the split {wrong[0]!r}. Use train, val and test, in every line or in none.")
    return tuple(cast(Part, row["split"]) for row in rows)
