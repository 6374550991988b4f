"""The lines of a table of labels as they are written, and everything that is wrong with them or worth knowing."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from msm_mil_core.learning.dataset.columns import NEEDED, PARTS, Columns, Field
from msm_mil_core.learning.dataset.finding import Finding, listed
from msm_mil_core.learning.dataset.likeness import alike, is_missing
from msm_mil_core.learning.dataset.sheet import Sheet

_SHORTENED = re.compile(r"\d[.,]?\d*E\+\d+", re.IGNORECASE)
"""A number of more than eleven digits as Excel saves it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a line says of a slide; empty where it says nothing."""

    line: int
    """Its number in the file."""
    slide: str
    label: str
    patient: str
    split: str
    """In small letters."""


Entries = Sequence[Entry]


def read_entries(sheet: Sheet, columns: Columns) -> tuple[Entry, ...]:
    """Return what each line says."""
    return tuple(
        Entry(
            line.number,
            columns.value(line, "slide"),
            columns.value(line, "label"),
            columns.value(line, "patient"),
            columns.value(line, "split").casefold(),
        )
        for line in sheet.lines
    )


def check_sheet(sheet: Sheet) -> Iterator[Finding]:
    """Report lines with values that have no column: most likely a value with a comma in it and no quotes around it.

    Columns without a name before all others are none of that: pandas writes the numbers of rows into such a one.
    """
    named = [index for index, name in enumerate(sheet.columns) if name]
    expected = {*named, *range(min(named, default=0))}
    overlong = [
        line.number
        for line in sheet.lines
        if any(cell for index, cell in enumerate(line.cells) if index not in expected)
    ]
    if overlong:
        what = f"{sheet.path} has more values in line {listed(overlong)} than its first line names columns."
        yield Finding(what, 'Put values that hold the separator in quotes: "low grade, left".')


def check_entries(entries: Entries, columns: Columns, path: Path) -> Iterator[Finding]:
    """Report everything else that is wrong with the lines of a table, or worth knowing."""
    yield from _broken(entries, path)
    yield from _gaps(entries, path)
    yield from _repeats(entries, path)
    yield from _unknown_parts(entries, path)
    if columns.patient is None:
        what = f"{path} has no column patient, so each slide counts as one of a patient of its own."
        yield Finding(what, "If a patient has several slides, add it: they are kept in one part then.", fatal=False)
    else:
        yield from _unknown_patients(entries, path)
    yield from _alike(entries, path)
    yield from _shortened(entries, path)


def _broken(entries: Entries, path: Path) -> Iterator[Finding]:
    fields: tuple[Field, ...] = get_args(Field)
    broken = [entry.line for entry in entries if any("\n" in getattr(entry, field) for field in fields)]
    if broken:
        what = f"{path} has a value over several lines, from line {listed(broken)} on."
        yield Finding(what, "Most likely a quote is missing or too many: correct it.")


def _gaps(entries: Entries, path: Path) -> Iterator[Finding]:
    for field in NEEDED:
        empty = [entry.line for entry in entries if not getattr(entry, field)]
        if empty:
            yield Finding(f"{path} leaves the {field} empty in line {listed(empty)}.", "Fill it in.")
    missing = [entry for entry in entries if entry.label and is_missing(entry.label)]
    if missing:
        labels = listed(sorted({entry.label for entry in missing}))
        what = f"In {path}, {labels} may be a missing label (line {listed([entry.line for entry in missing])})."
        yield Finding(what, "It counts as a class: take these lines out if it is none.", fatal=False)


def _repeats(entries: Entries, path: Path) -> Iterator[Finding]:
    by_slide = defaultdict(list)
    for entry in entries:
        by_slide[entry.slide].append(entry)
    repeated = {slide: its for slide, its in by_slide.items() if slide and len(its) > 1}
    if repeated:
        lines = listed([entry.line for its in repeated.values() for entry in its])
        differing = [slide for slide, its in repeated.items() if len({entry.label for entry in its}) > 1]
        differently = f", with different labels: {listed(differing)}" if differing else ""
        what = f"{path} names {listed(list(repeated))} more than once (line {lines}){differently}."
        yield Finding(what, "Keep one line for each slide.", tuple(repeated))


def _unknown_parts(entries: Entries, path: Path) -> Iterator[Finding]:
    unknown = [entry for entry in entries if entry.split not in PARTS]
    if unknown and any(entry.split for entry in entries):
        what = f"{path} has the split {unknown[0].split!r} in line {listed([entry.line for entry in unknown])}."
        if len({entry.split for entry in unknown}) > 1:
            what = f"{what[:-1]}, or another unknown one."
        yield Finding(what, "Use train, val and test, in every line or in none.")


def _unknown_patients(entries: Entries, path: Path) -> Iterator[Finding]:
    unknown = [entry.line for entry in entries if is_missing(entry.patient)]
    if len(unknown) == len(entries) and not any(entry.patient for entry in entries):
        what = f"{path} has an empty column patient, so each slide counts as one of a patient of its own."
        yield Finding(what, "If a patient has several slides, fill it in.", fatal=False)
    elif unknown:
        what = f"{path} does not say whose the slide in line {listed(unknown)} is."
        yield Finding(what, "Fill in the patient, so that no split parts the slides of one.")


def _alike(entries: Entries, path: Path) -> Iterator[Finding]:
    classes = alike(entry.label for entry in entries if entry.label)
    if classes:
        what = f"In {path}, {_look_like(classes, 'class')}."
        yield Finding(what, "They count as different classes: write them alike if they are one.", fatal=False)
    patients = alike(entry.patient for entry in entries if entry.patient)
    if patients:
        what = f"In {path}, {_look_like(patients, 'patient')}."
        yield Finding(what, "They count as one: name them otherwise if they are different patients.", fatal=False)


def _shortened(entries: Entries, path: Path) -> Iterator[Finding]:
    shortened = [entry for entry in entries if any(map(_SHORTENED.fullmatch, (entry.slide, entry.patient)))]
    if shortened:
        what = (
            f"In {path}, a spreadsheet has shortened a long number in line {listed([one.line for one in shortened])}."
        )
        yield Finding(what, "Restore it, in a column formatted as text: two numbers may have become one.", fatal=False)


def _look_like(groups: Sequence[Sequence[str]], noun: str) -> str:
    first, *others = (" and ".join(group) for group in groups)
    return f"{first} look like one {noun}{f', as do {listed(others)}' if others else ''}"
