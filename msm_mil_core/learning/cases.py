"""Bags with labels on which finished models are judged."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from msm_mil_core.errors import EvaluationError
from msm_mil_core.learning.bagset import SUFFIXES
from msm_mil_core.learning.labels import LabelTable, listed, read_labels

Choice = Literal["train", "val", "test", "all"]


@dataclass(frozen=True, slots=True)
class Cases:
    """Feature files with what their slides show, and whose they are; a file is read when a model is asked."""

    table: Path
    """Where the labels come from."""
    part: Choice
    """Which of the table's bags these are."""
    has_test: bool
    """Whether the table names test bags."""
    names: tuple[str, ...]
    paths: tuple[Path, ...]
    labels: tuple[str, ...]
    patients: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def described(self) -> str:
        """Say which bags these are, and how many."""
        of_whom = f"{_counted(len(self), 'bag')} of {_counted(len(set(self.patients)), 'patient')}"
        if self.part != "all":
            return f"{self.part} part of {self.table.name}, {of_whom}"
        return f"all of {self.table.name}{'' if self.has_test else ', which names no test bags'}, {of_whom}"


def read_cases(folder: Path, table: Path, part: Choice | None = None) -> Cases:
    """Join the feature files of a folder with a table of labels; no other part's files are needed.

    Parameters
    ----------
    folder
        One HDF5 file of features a slide, named as the slide: ours, TRIDENT's, CLAM's or STAMP's.
    table
        As `read_labels` takes it; one class is enough.
    part
        Of the table; None takes the test part, or everything if the table names no test bags.

    Raises
    ------
    TrainingError
        If the table cannot be used.
    EvaluationError
        If the folder or a file is missing, or the part is empty.
    """
    labels = read_labels(table)
    has_test = "test" in (labels.parts or ())
    part = part or ("test" if has_test else "all")
    chosen = _chosen(labels, part, table)
    return Cases(
        table=table,
        part=part,
        has_test=has_test,
        names=tuple(labels.slides[index] for index in chosen),
        paths=_paths(folder, [labels.slides[index] for index in chosen], table),
        labels=tuple(labels.labels[index] for index in chosen),
        patients=tuple(labels.patients[index] for index in chosen),
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _chosen(labels: LabelTable, part: Choice, table: Path) -> list[int]:
    if part == "all":
        return list(range(len(labels.slides)))
    chosen = [index for index, its in enumerate(labels.parts or ()) if its == part]
    if not chosen:
        raise EvaluationError(f"{table} has no {part} bags. Mark them in its column split, or use --part all.")
    return chosen


def _paths(folder: Path, slides: Sequence[str], table: Path) -> tuple[Path, ...]:
    if not folder.is_dir():
        raise EvaluationError(f"{folder} is not a folder. Name the folder with the feature files of the slides.")
    found = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES}
    keys = [slide if slide in found else Path(slide).stem for slide in slides]  # a table may name "a" or "a.svs"
    missing = [slide for slide, key in zip(slides, keys, strict=True) if key not in found]
    if missing:
        raise EvaluationError(
            f"{folder} has no feature file for {listed(missing)}, which {table} names. "
            "Encode these slides (msm-mil encode), or take them out of the table."
        )
    twice = [key for key, count in Counter(keys).items() if count > 1]
    if twice:
        raise EvaluationError(f"{table} names the feature file of {listed(twice)} more than once. Keep one line of it.")
    return tuple(found[key] for key in keys)
