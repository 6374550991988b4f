"""Folds: the patients divided into several parts, each the test part of one model."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.bag_dataset import BagDataset, Indices
from msm_mil_core.learning.dataset.split_options import SplitOptions

DRAWS = 20
"""How often folds are drawn until each of them has every class."""


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """All bags, split for one model."""

    number: int
    """From 1."""
    bags: BagDataset


def lay_folds(bags: BagDataset, count: int, split: SplitOptions) -> tuple[Fold, ...]:
    """Split bags `count` times, by patient, with similar shares of the classes; each bag is in one test part.

    Validation bags are still to be drawn from the rest of each fold. One fold leaves the bags as they are.

    Raises
    ------
    TrainingError
        If the table splits the bags already, or there are too few patients.
    """
    if count == 1:
        return (Fold(1, bags),)
    _check(bags, count)
    return tuple(Fold(number, bags.assign(test)) for number, test in enumerate(_draw(bags, count, split.seed), start=1))


def _check(bags: BagDataset, count: int) -> None:
    if bags.parts is not None:
        raise TrainingError("The table says in its column split which slides are test. Leave it out to draw folds.")
    for index, name in enumerate(bags.classes):
        patients = {bags.patients[bag] for bag in np.flatnonzero(bags.labels == index)}
        if len(patients) < count:
            raise TrainingError(
                f"Class {name!r} has slides of {len(patients)} patients, too few for {count} folds. "
                f"Add patients, or draw {max(1, len(patients))} folds at most."
            )


def _draw(bags: BagDataset, count: int, seed: int) -> list[Indices]:
    for drawn in _drawn(bags, count, seed):
        if all(len(np.unique(bags.labels[test])) == len(bags.classes) for test in drawn):
            return drawn
    raise TrainingError(f"No {count} folds have every class in each: too few patients. Draw fewer folds.")


def _drawn(bags: BagDataset, count: int, seed: int) -> Iterator[list[Indices]]:
    for draw in range(DRAWS):
        folds = StratifiedGroupKFold(count, shuffle=True, random_state=seed + draw)
        yield [test for _, test in folds.split(bags.labels, bags.labels, np.array(bags.patients))]
