"""Which column of a table holds the slides, which the labels, the patients and the parts of the split."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.finding import Finding, listed
from msm_mil_core.learning.dataset.likeness import likeness
from msm_mil_core.learning.dataset.sheet import DELIMITERS, Line, Sheet, column_key

Field = Literal["slide", "label", "patient", "split"]
Part = Literal["train", "val", "test"]

PARTS: tuple[Part, ...] = get_args(Part)
NEEDED: tuple[Field, ...] = ("slide", "label")
_NUMBERS = ("", "id", "ids", "no", "nr", "number", "num", "name", "code", "identifier", "barcode")
_OWNERS = ("patient", "case", "subject", "participant", "donor", "individual", "person")
ALIASES: Mapping[Field, tuple[str, ...]] = {
    "slide": ("slideid", "slidename", "slidenumber", "slideno", "slidefile", "slidefilename"),
    "label": (),
    "patient": tuple(f"{owner}{number}" for owner in _OWNERS for number in _NUMBERS if owner + number != "patient"),
    "split": ("splits", "part", "partition", "subset", "set", "fold", "phase", "dataset", "splitset", "traintest"),
}
"""Other names for a column, as `column_key` gives them, that are taken where it is missing."""
KNOWN = frozenset(get_args(Field)).union(*ALIASES.values())
_GROUPING = {
    "patient": ("patient", "case", "subject", "donor", "specimen", "sample", "biopsy", "block", "accession", "person"),
    "split": ("split", "fold", "partition", "subset", "train", "test", "val", "phase", "part", "set"),
    "site": ("site", "centre", "center", "hospital", "institution", "institute", "clinic", "scanner", "cohort", "lab"),
}
"""Parts of names of columns that seem to say which slides belong together."""

_ADVICE = {
    "patient": "If it says which slides are of one patient, name it patient: they are kept in one part then.",
    "split": "If it says which slides are train, val and test, name it split.",
    "site": "If slides of one site must not be in several parts, say so in a column split.",
}


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in each line the fields are."""

    slide: int
    label: int
    patient: int | None
    """None where the table names no patients."""
    split: int | None
    """None where the table leaves the split open."""

    def value(self, line: Line, field: Field) -> str:
        """Return a field of a line; empty where the line or the table does not have it."""
        index: int | None = getattr(self, field)
        return "" if index is None else _cell(line, index)


def find_columns(sheet: Sheet) -> tuple[Columns, tuple[Finding, ...]]:
    """Find the columns by their names or by known other names, which is noted, as is what is not used.

    Raises
    ------
    TrainingError
        If slide or label is missing. Where several columns may be meant, the first is returned, and a fatal finding.
    """
    fields: tuple[Field, ...] = get_args(Field)
    candidates = {field: _candidates(sheet, field) for field in fields}
    for field in NEEDED:
        if not candidates[field]:
            names = f"{listed(sheet.columns)}, separated by {DELIMITERS.get(sheet.delimiter, repr(sheet.delimiter))}"
            raise TrainingError(
                f"{sheet.path} has no column {field}, only {names}. Its first line must name slide and label."
            )
    taken = {indices[0]: field for field, indices in candidates.items() if indices}
    notes = (*_ambiguous(sheet, candidates), *_renamed(sheet, taken), *_unused(sheet, taken))
    slide, label, patient, split = (next(iter(candidates[field]), None) for field in fields)
    return Columns(slide or 0, label or 0, patient, split), notes


def _candidates(sheet: Sheet, field: Field) -> Sequence[int]:
    """Return the columns of that name, or, where they are empty or there are none, those of its other names."""
    keys = list(map(column_key, sheet.columns))
    exact = [index for index, key in enumerate(keys) if key == field]
    others = [index for index, key in enumerate(keys) if key in ALIASES[field]]
    if field == "split":
        others = [index for index in others if _holds_parts(sheet, index)]
    return exact if any(map(any, (_values(sheet, index) for index in exact))) else others or exact


def _holds_parts(sheet: Sheet, index: int) -> bool:
    return {value.casefold() for value in _values(sheet, index)} <= set(PARTS)


def _values(sheet: Sheet, index: int) -> set[str]:
    return {_cell(line, index) for line in sheet.lines}


def _ambiguous(sheet: Sheet, candidates: Mapping[Field, Sequence[int]]) -> Iterator[Finding]:
    for field, indices in candidates.items():
        if len(indices) > 1:
            names = " and ".join(sheet.columns[index] for index in indices)
            what = f"{sheet.path} has several columns that may be the {field}: {names}."
            yield Finding(what, f"Name one of them {field}, and the others otherwise.")


def _renamed(sheet: Sheet, taken: Mapping[int, Field]) -> Iterator[Finding]:
    for index, field in taken.items():
        name = sheet.columns[index]
        if column_key(name) != field:
            what = f"{sheet.path} has no column {field}: its column {name} is taken as such."
            yield Finding(what, f"Name it {field}, or otherwise if it is something else.", fatal=False)


def _unused(sheet: Sheet, taken: Mapping[int, Field]) -> Iterator[Finding]:
    unused = [name for index, name in enumerate(sheet.columns) if index not in taken and name]
    for kind, parts in _GROUPING.items():
        names = [name for name in unused if any(part in column_key(name) for part in parts)]
        unused = [name for name in unused if name not in names]
        if names:
            advice = f"The column {kind} is." if kind in taken.values() else _ADVICE[kind]
            yield Finding(f"{sheet.path} has the column {listed(names)}, which is not used.", advice, fatal=False)
    yield from _joined(sheet, taken)
    if unused:
        what = f"{sheet.path} has the column {listed(unused)}, which is not used."
        yield Finding(what, "Only slide, label, patient and split are.", fatal=False)


def _joined(sheet: Sheet, taken: Mapping[int, Field]) -> Iterator[Finding]:
    """Report columns, such as of cases, by which slides of several patients would be of one."""
    patient = next((index for index, field in taken.items() if field == "patient"), None)
    for index, name in enumerate(sheet.columns):
        if patient is None or index in taken or column_key(name) not in ALIASES["patient"]:
            continue
        pairs = {(_cell(line, index), likeness(_cell(line, patient))) for line in sheet.lines if _cell(line, index)}
        joined = sorted(value for value, count in Counter(value for value, _ in pairs).items() if count > 1)
        if joined:
            what = f"In {sheet.path}, slides of more than one patient have the {name} {listed(joined)}."
            yield Finding(what, "Check which of the two columns says whose they are.", fatal=False)


def _cell(line: Line, index: int) -> str:
    return line.cells[index] if index < len(line.cells) else ""
