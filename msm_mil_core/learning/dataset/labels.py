"""The table of labels: for each slide its class, its patient and its part of the split."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.columns import KNOWN, PARTS, Part, find_columns
from msm_mil_core.learning.dataset.finding import Finding, listed
from msm_mil_core.learning.dataset.label_entries import Entries, check_entries, check_sheet, read_entries
from msm_mil_core.learning.dataset.likeness import likeness
from msm_mil_core.learning.dataset.sheet import read_sheet

logger = logging.getLogger(__name__)


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

    What is worth knowing, such as a column that is not used, is logged as a warning.

    Raises
    ------
    TrainingError
        If it cannot be used; the message says which line, and what to do.
    """
    table, findings = survey_labels(path)
    require_sound(findings)
    for finding in findings:
        logger.warning("%s", finding.sentence)
    return table


def require_sound(findings: Iterable[Finding]) -> None:
    """Refuse a table that must be put right first.

    Raises
    ------
    TrainingError
        With the first finding that stops training.
    """
    for finding in findings:
        if finding.fatal:
            raise TrainingError(finding.sentence)


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
    """Read such a table despite its flaws: the usable lines, the first of each slide, and all that is to be said of it.

    Patients whose names differ in case, separators or zeros only count as one, so that no split can part them.

    Raises
    ------
    TrainingError
        If nothing in it can be used.
    """
    sheet = read_sheet(path, KNOWN)
    if not sheet.lines:
        raise TrainingError(f"{path} names no slides. Give it a first line slide,label and a line for each slide.")
    columns, unclear = find_columns(sheet)
    entries = read_entries(sheet, columns)
    findings = (*unclear, *check_sheet(sheet), *check_entries(entries, columns, path))
    first = {entry.slide: entry for entry in reversed(entries) if entry.slide and entry.label}
    usable = [entry for entry in entries if entry is first.get(entry.slide)]
    table = LabelTable(
        slides=tuple(entry.slide for entry in usable),
        labels=tuple(entry.label for entry in usable),
        patients=_patients(usable),
        parts=_parts(usable),
    )
    return table, findings


def _patients(entries: Entries) -> tuple[str, ...]:
    """Return the patient of each slide, by the first of the names that are alike; else the slide's own name."""
    names: dict[str, str] = {}
    for entry in entries:
        names.setdefault(likeness(entry.patient), entry.patient)
    return tuple(names[likeness(entry.patient)] or entry.slide for entry in entries)


def _parts(entries: Entries) -> tuple[Part, ...] | None:
    if not entries or any(entry.split not in PARTS for entry in entries):
        return None
    return tuple(cast(Part, entry.split) for entry in entries)
