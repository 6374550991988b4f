"""The table of labels: for each slide its class, its patient and its part of the split."""

import csv
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from msm_mil_core.csv_table import as_text
from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.finding import Finding

Part = Literal["train", "val", "test"]
Row = Mapping[str, str]

logger = logging.getLogger(__name__)

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

    def select(self, chosen: Sequence[int]) -> "LabelTable":
        """Return some lines of the table, in the given order."""
        return LabelTable(
            slides=tuple(self.slides[index] for index in chosen),
            labels=tuple(self.labels[index] for index in chosen),
            patients=tuple(self.patients[index] for index in chosen),
            parts=None if self.parts is None else tuple(self.parts[index] for index in chosen),
        )


def read_labels(path: Path) -> LabelTable:
    """Read a CSV table with the columns slide and label and, optionally, patient and split (train, val or test).

    Raises
    ------
    TrainingError
        If it cannot be used; the message says which line, and what to do.
    """
    table, flaws = survey_labels(path)
    if flaws:
        raise TrainingError(flaws[0].sentence)
    return table


def check_trainable(table: LabelTable) -> None:
    """Check that a model can be trained on these labels; warn of patients with several.

    Raises
    ------
    TrainingError
        If there are fewer than two classes, or a patient is in two parts.
    """
    if len(set(table.labels)) < 2:
        raise TrainingError(
            f"All {len(table.labels)} slides have the label {' '.join(set(table.labels))!r}. "
            "A model needs at least two classes."
        )
    mixed = seen_twice(table.patients, table.labels)
    if mixed:
        logger.warning("Slides of more than one class come from %s; they stay in one part.", listed(mixed))
    separated = seen_twice(table.patients, table.parts or table.patients)
    if separated:
        raise TrainingError(
            f"The split separates the slides of {listed(separated)}, so the results would look too good. "
            "Put all slides of a patient into one part."
        )


def seen_twice(owners: Sequence[str], values: Sequence[str]) -> list[str]:
    """Return the owners, sorted, that go with more than one value."""
    counts = Counter(owner for owner, _ in set(zip(owners, values, strict=True)))
    return sorted(owner for owner, count in counts.items() if count > 1)


def survey_labels(path: Path) -> tuple[LabelTable, tuple[Finding, ...]]:
    """Read such a table despite its flaws: the usable lines, the first of each slide, and every flaw.

    Raises
    ------
    TrainingError
        If nothing in it can be used.
    """
    rows = _rows(path)
    flaws = [*_gaps(rows, path), *_repeats(rows, path), *_unknown_parts(rows, path)]
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
    """Name the first few, and count the rest."""
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
    return {
        as_text(column.strip()).lower(): as_text(value.strip()) for column, value in row.items() if column is not None
    }


def _gaps(rows: Sequence[Row], path: Path) -> Iterator[Finding]:
    for column in NEEDED:
        empty = [str(line) for line, row in enumerate(rows, start=2) if not row[column]]
        if empty:
            yield Finding(f"{path} leaves the {column} empty in line {listed(empty)}.", "Fill it in.")


def _repeats(rows: Sequence[Row], path: Path) -> Iterator[Finding]:
    repeated = [slide for slide, count in Counter(row["slide"] for row in rows).items() if slide and count > 1]
    if repeated:
        what = f"{path} names {listed(repeated)} more than once."
        yield Finding(what, "Keep one line for each slide.", tuple(repeated))


def _unknown_parts(rows: Sequence[Row], path: Path) -> Iterator[Finding]:
    unknown = sorted({row.get("split", "") for row in rows} - set(get_args(Part)))
    if unknown and any(row.get("split") for row in rows):
        yield Finding(f"{path} has the split {unknown[0]!r}.", "Use train, val and test, in every line or in none.")


def _parts(rows: Sequence[Row]) -> tuple[Part, ...] | None:
    if not rows or any(row.get("split") not in get_args(Part) for row in rows):
        return None
    return tuple(cast(Part, row["split"]) for row in rows)
