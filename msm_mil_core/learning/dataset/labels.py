"""The table that says of each slide what it shows, whose it is and which part of the split it belongs to."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.finding import Finding

Part = Literal["train", "val", "test"]
Row = Mapping[str, str]

NEEDED = ("slide", "label")
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
    table, flaws = survey_labels(path)
    if flaws:
        raise TrainingError(flaws[0].sentence)
    return table


def survey_labels(path: Path) -> tuple[LabelTable, tuple[Finding, ...]]:
    """Read such a table, whatever is wrong in it: what can be used, the first line of each slide, and every flaw.

    Raises
    ------
    TrainingError
        If nothing in it can be used.
    """
    rows = _rows(path)
    flaws = [*_gaps(rows, path), *_repeats(rows, path), *_strange_parts(rows, path)]
    first = {row["slide"]: row for row in reversed(rows) if row["slide"] and row["label"]}
    usable = [row for row in rows if row is first.get(row["slide"])]
    table = LabelTable(
        slides=tuple(row["slide"] for row in usable),
        labels=tuple(row["label"] for row in usable),
        patients=tuple(row.get("patient") or row["slide"] for row in usable),
        parts=_parts(usable),
    )
    return table, tuple(flaws)


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
    for column in NEEDED:
        if column not in rows[0]:
            raise TrainingError(f"{path} has no column {column}. Its first line must name slide and label.")
    return rows


def _cleaned(row: Mapping[str | None, str]) -> dict[str, str]:
    return {column.strip().lower(): value.strip() for column, value in row.items() if column is not None}


def _gaps(rows: Sequence[Row], path: Path) -> Iterator[Finding]:
    for column in NEEDED:
        empty = [str(line) for line, row in enumerate(rows, start=2) if not row[column]]
        if empty:
            yield Finding(f"{path} leaves the {column} empty in line {listed(empty)}.", "Fill it in.")


def _repeats(rows: Sequence[Row], path: Path) -> Iterator[Finding]:
    twice = [slide for slide, count in Counter(row["slide"] for row in rows).items() if slide and count > 1]
    if twice:
        what = f"{path} names {listed(twice)} more than once."
        yield Finding(what, "Keep one line for each slide.", tuple(twice))


def _strange_parts(rows: Sequence[Row], path: Path) -> Iterator[Finding]:
    strange = sorted({row.get("split", "") for row in rows} - set(get_args(Part)))
    if strange and any(row.get("split") for row in rows):
        yield Finding(f"{path} has the split {strange[0]!r}.", "Use train, val and test, in every line or in none.")


def _parts(rows: Sequence[Row]) -> tuple[Part, ...] | None:
    if not rows or any(row.get("split") not in get_args(Part) for row in rows):
        return None
    return tuple(cast(Part, row["split"]) for row in rows)
