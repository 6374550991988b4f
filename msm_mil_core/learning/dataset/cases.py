"""Bags with labels on which finished models are judged."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from msm_mil_core.errors import EvaluationError
from msm_mil_core.learning.dataset.bag_dataset import files_of
from msm_mil_core.learning.dataset.labels import LabelTable, read_labels

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
        If the table cannot be used, or the folder or a file is missing.
    EvaluationError
        If the part is empty.
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
        paths=files_of([labels.slides[index] for index in chosen], folder, table),
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
