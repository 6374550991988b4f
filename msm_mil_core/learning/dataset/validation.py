"""Validation of bags and labels before training: facts, and every problem at once."""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from msm_mil_core.bags.feature_table import table_of
from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.bag_dataset import label_bags
from msm_mil_core.learning.dataset.feature_folder import match_files
from msm_mil_core.learning.dataset.finding import Finding, listed
from msm_mil_core.learning.dataset.fold_options import FoldOptions
from msm_mil_core.learning.dataset.folds import lay_folds
from msm_mil_core.learning.dataset.labels import LabelTable, seen_twice, survey_labels
from msm_mil_core.learning.dataset.origin import Origin
from msm_mil_core.learning.dataset.split_options import SplitOptions
from msm_mil_core.learning.dataset.splits import split_bags
from msm_mil_core.learning.dataset.validation_files import FileFacts, check_files, read_facts
from msm_mil_core.progress import Progress

FEW_PATIENTS = 10
"""A class with fewer is reported: results for it rest on next to nothing."""


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """What was found, and what there is."""

    findings: tuple[Finding, ...]
    """Those that stop training first."""
    bags: int
    """Slides that the table names and the folder has."""
    patients: int
    classes: Mapping[str, int]
    """How many of those bags each class has."""
    features: tuple[int, ...]
    """Lengths of a tile's vector, in rising order: one if all is well."""
    tiles: tuple[int, float, int] | None
    """Fewest, median and most in a bag; None where no bag can be read."""

    @property
    def fatal(self) -> tuple[Finding, ...]:
        """What must be put right before training."""
        return tuple(finding for finding in self.findings if finding.fatal)

    def require_valid(self) -> None:
        """Refuse to continue if something stops training.

        Raises
        ------
        TrainingError
            If a finding is fatal.
        """
        if not self.fatal:
            return
        first = self.fatal[0].sentence
        raise TrainingError(
            first if len(self.fatal) == 1 else f"{len(self.fatal)} findings stop the training. The first: {first}"
        )


def validate_bags(
    folder: Path, table: Path, split: SplitOptions, folds: FoldOptions, told: Origin
) -> Generator[Progress, None, ValidationReport]:
    """Read the table and every file that it names, and report all problems with them and with their split.

    Parameters
    ----------
    folder, table
        As `read_bag_dataset` takes them.
    told
        What a user says of the tiles of all files, whatever these state.

    Raises
    ------
    TrainingError
        If there is no such folder, or nothing in the table can be used.
    """
    labels, flaws = survey_labels(table)
    files, mismatches = match_files(labels.slides, folder, table)
    facts = yield from _read_all(files)
    findings = [
        *flaws,
        *mismatches,
        *check_files(facts, labels, told),
        *_check_patients(labels),
        *_check_split(labels, files, split, folds),
    ]
    present = _present(labels, files)
    tiles = [one.tiles for one in facts.values() if one.tiles]
    return ValidationReport(
        findings=tuple(sorted(findings, key=lambda finding: not finding.fatal)),
        bags=len(files),
        patients=len(set(present.patients)),
        classes=Counter(label for _, label in sorted(zip(present.slides, present.labels, strict=True))),
        features=tuple(sorted({one.features for one in facts.values() if one.features})),
        tiles=(min(tiles), float(np.median(tiles)), max(tiles)) if tiles else None,
    )


def _read_all(files: Mapping[str, Path]) -> Generator[Progress, None, dict[str, FileFacts]]:
    facts = {}
    for done, (slide, path) in enumerate(files.items()):
        yield Progress("Checking bags", done, len(files), "bags")
        facts[slide] = read_facts(path)
    return facts


def _present(labels: LabelTable, files: Mapping[str, Path]) -> LabelTable:
    return labels.select([index for index, slide in enumerate(labels.slides) if slide in files])


def _check_patients(labels: LabelTable) -> Iterator[Finding]:
    owners = list(zip(labels.patients, labels.labels, strict=True))
    patients_of = {label: {owner for owner, its in owners if its == label} for label in sorted(set(labels.labels))}
    if len(patients_of) == 1:
        what = f"All {len(labels.slides)} slides have the label {' '.join(patients_of)!r}."
        yield Finding(what, "A model needs at least two classes: add slides of another.")
    for label, patients in patients_of.items():
        if len(patients) < FEW_PATIENTS:
            what = f"Class {label!r} has slides of fewer than {FEW_PATIENTS} patients: {len(patients)}."
            next_step = "Add patients; results for this class are not reliable."
            yield Finding(what, next_step, tuple(sorted(patients)), fatal=False)
    mixed = tuple(seen_twice(labels.patients, labels.labels))
    if mixed:
        what = f"Slides of more than one class come from {listed(mixed)}."
        yield Finding(what, "Check that this is correct; they stay in one part.", mixed, fatal=False)


def _check_split(
    labels: LabelTable, files: Mapping[str, Path], split: SplitOptions, folds: FoldOptions
) -> Iterator[Finding]:
    present = _present(labels, files)
    if len(set(present.labels)) < 2:
        return  # already reported, as one class or as missing files
    unread = dict.fromkeys(present.slides, table_of(np.empty((0, 0), np.float32)))  # a split looks at labels alone
    try:
        bags = label_bags(unread, present.labels, Origin(), patients=present.patients, parts=present.parts)
        for fold in lay_folds(bags, folds.folds, split):
            split_bags(fold.bags, split)
    except TrainingError as exc:
        yield Finding.of_error(exc)
