"""What bags and labels hold before anything is learnt from them: facts, and everything that is wrong at once."""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.bag_dataset import Origin, feature_files, file_key, label_bags, seen_twice
from msm_mil_core.learning.dataset.finding import Finding
from msm_mil_core.learning.dataset.folds import FoldOptions, lay_folds
from msm_mil_core.learning.dataset.labels import LabelTable, listed, survey_labels
from msm_mil_core.learning.dataset.splits import SplitOptions, split_bags
from msm_mil_core.learning.dataset.validation_files import LookedAt, judge_files, look_at
from msm_mil_core.progress import Progress

FEW_PATIENTS = 10
"""A class with fewer of them is told of: its figures rest on next to nothing."""


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
        """What must be put right before anything can be learnt."""
        return tuple(finding for finding in self.findings if finding.fatal)

    def require_sound(self) -> None:
        """Refuse to go on.

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
    folder: Path, table: Path, split: SplitOptions, folds: FoldOptions, encoder: str | None = None
) -> Generator[Progress, None, ValidationReport]:
    """Read the table and every file that it names, and tell all that is wrong with them and with their split.

    Parameters
    ----------
    folder, table
        As `read_bag_dataset` takes them.
    encoder
        The one that made all features, whatever the files call it.

    Raises
    ------
    TrainingError
        If there is no such folder, or nothing in the table can be used.
    """
    labels, flaws = survey_labels(table)
    found = feature_files(folder)
    paths = {slide: found[file_key(slide, found)] for slide in labels.slides if file_key(slide, found) in found}
    looked = yield from _look_at_all(paths)
    findings = [
        *flaws,
        *_misplaced(labels, found, folder, table),
        *judge_files(looked, labels, encoder),
        *_judge_patients(labels),
        *_judge_split(labels, paths, split, folds),
    ]
    tiles = [one.tiles for one in looked.values() if one.tiles]
    return ValidationReport(
        findings=tuple(sorted(findings, key=lambda finding: not finding.fatal)),
        bags=len(paths),
        patients=len(
            {patient for slide, patient in zip(labels.slides, labels.patients, strict=True) if slide in paths}
        ),
        classes=Counter(label for slide, label in sorted(_pairs(labels)) if slide in paths),
        features=tuple(sorted({one.features for one in looked.values() if one.features})),
        tiles=(min(tiles), float(np.median(tiles)), max(tiles)) if tiles else None,
    )


def _look_at_all(paths: Mapping[str, Path]) -> Generator[Progress, None, dict[str, LookedAt]]:
    looked = {}
    for done, (slide, path) in enumerate(paths.items()):
        yield Progress("Looking at bags", done, len(paths), "bags")
        looked[slide] = look_at(path)
    return looked


def _pairs(labels: LabelTable) -> list[tuple[str, str]]:
    return list(zip(labels.slides, labels.labels, strict=True))


def _misplaced(labels: LabelTable, found: Mapping[str, Path], folder: Path, table: Path) -> Iterator[Finding]:
    keys = [file_key(slide, found) for slide in labels.slides]
    missing = tuple(slide for slide, key in zip(labels.slides, keys, strict=True) if key not in found)
    if missing:
        what = f"{folder} has no feature file for {listed(missing)}, which {table} names."
        yield Finding(what, "Encode these slides (msm-mil encode), or take them out of the table.", missing)
    twice = tuple(key for key, count in Counter(keys).items() if count > 1 and key in found)
    if twice:
        what = f"{table} names the feature file of {listed(twice)} more than once."
        yield Finding(what, "Keep one line of it.", twice)
    strangers = tuple(name for name in found if name not in set(keys))
    if strangers:
        what = f"{table} does not name {listed(strangers)}, which {folder} has."
        yield Finding(what, "Add a line for each, unless they are to be left out.", strangers, fatal=False)


def _judge_patients(labels: LabelTable) -> Iterator[Finding]:
    patients_of = {label: {who for who, its in _owners(labels) if its == label} for label in sorted(set(labels.labels))}
    if len(patients_of) == 1:
        what = f"All {len(labels.slides)} slides have the label {' '.join(patients_of)!r}."
        yield Finding(what, "A model needs two classes to tell apart: add slides of another.")
    for label, patients in patients_of.items():
        if len(patients) < FEW_PATIENTS:
            what = f"Class {label!r} has slides of fewer than {FEW_PATIENTS} patients: {len(patients)}."
            next_step = "Add patients, or trust no figure of it."
            yield Finding(what, next_step, tuple(sorted(patients)), fatal=False)
    mixed = tuple(seen_twice(labels.patients, labels.labels))
    if mixed:
        what = f"Slides of more than one class come from {listed(mixed)}."
        yield Finding(what, "Check that this is so; they stay in one part.", mixed, fatal=False)


def _judge_split(
    labels: LabelTable, paths: Mapping[str, Path], split: SplitOptions, folds: FoldOptions
) -> Iterator[Finding]:
    here = [index for index, slide in enumerate(labels.slides) if slide in paths]
    chosen = [labels.labels[index] for index in here]
    if len(set(chosen)) < 2:
        return  # told already, as one class or as missing files
    parts = None if labels.parts is None else [labels.parts[index] for index in here]
    try:
        patients = [labels.patients[index] for index in here]
        bags = label_bags(paths, chosen, Origin(), patients=patients, parts=parts)
        for fold in lay_folds(bags, folds.folds, split):
            split_bags(fold.bags, split)
    except TrainingError as exc:
        yield Finding.of_error(exc)


def _owners(labels: LabelTable) -> Sequence[tuple[str, str]]:
    return list(zip(labels.patients, labels.labels, strict=True))
