"""The labelled bags on which finished models are evaluated: a part of a table, or all of it."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from msm_mil_core.errors import EvaluationError
from msm_mil_core.learning.dataset.bag_choice import Choice
from msm_mil_core.learning.dataset.bag_dataset import BagDataset, open_labelled
from msm_mil_core.learning.dataset.labels import LabelTable, require_sound, survey_labels
from msm_mil_core.progress import Progress


@dataclass(frozen=True, slots=True, eq=False)
class BagSelection:
    """Labelled bags, and where they come from."""

    bags: BagDataset
    table: Path
    """Where the labels come from."""
    part: Choice
    """Which of the table's bags these are."""
    has_test: bool
    """Whether the table names test bags."""
    notes: tuple[str, ...] = ()
    """What is worth knowing of the table."""

    def describe(self) -> str:
        """Say which bags these are, and how many."""
        size = f"{_counted(len(self.bags), 'bag')} of {_counted(len(set(self.bags.patients)), 'patient')}"
        if self.part != "all":
            return f"{self.part} part of {self.table.name}, {size}"
        return f"all of {self.table.name}{'' if self.has_test else ', which names no test bags'}, {size}"


def select_bags(folder: Path, table: Path, part: Choice | None = None) -> Generator[Progress, None, BagSelection]:
    """Open the feature files of one part of a table of labels; those of other parts are not needed.

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
    FeatureFileError
        If a file cannot be read.
    EvaluationError
        If the part is empty.
    """
    labels, findings = survey_labels(table)
    require_sound(findings)
    has_test = "test" in (labels.parts or ())
    part = part or ("test" if has_test else "all")
    bags = yield from open_labelled(_select(labels, part, table), folder, table)
    return BagSelection(bags, table, part, has_test, tuple(finding.sentence for finding in findings))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _select(labels: LabelTable, part: Choice, table: Path) -> LabelTable:
    if part == "all":
        return labels
    chosen = [index for index, its in enumerate(labels.parts or ()) if its == part]
    if not chosen:
        raise EvaluationError(f"{table} has no {part} bags. Mark them in its column split, or use --part all.")
    return labels.select(chosen)
