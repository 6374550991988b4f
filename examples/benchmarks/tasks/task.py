"""A task of the bench: bags with labels, who they are of, how they are parted, and what is known of their tiles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

Features = NDArray[np.float32]
Numbers = NDArray[np.int64]

VALIDATION_FOLDS = 10  # one of so many folds of what is not tested chooses the epoch


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Indices of bags; no bag and no group is in two parts."""

    train: Numbers
    val: Numbers
    test: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is known of the tiles."""

    kinds: tuple[Numbers, ...]
    """One (N,) a bag: which of `names` each tile is."""
    names: tuple[str, ...]
    evidence: tuple[tuple[int, ...], ...]
    """Of each label the kinds that make it; label 0 is of bags in which there is nothing to find."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Bags with labels, and the folds of one repeat."""

    name: str
    bags: tuple[Features, ...]
    """One (N, P) a bag."""
    labels: Numbers
    """(B,), from 0 on."""
    groups: tuple[str, ...]
    """Whose a bag is: the bags of a group are never parted."""
    folds: tuple[Split, ...]
    truth: Truth | None = None
    colours: NDArray[np.float64] | None = None
    """(B, 3), mean colour of each bag's tiles, where there are pictures."""
    components: int | None = None
    """If set, features are reduced to so many principal components of the training tiles of each fold."""
    pooled: bool = False
    """Whether bags are compared over all folds: where a fold may hold one class only."""

    @property
    def classes(self) -> int:
        """Number C of classes."""
        return int(self.labels.max()) + 1


def stratified_folds(labels: Numbers, groups: Sequence[str], count: int, seed: int) -> tuple[Split, ...]:
    """Part bags into folds of like shares of the classes, whole groups each; each fold is the test part once."""
    return tuple(
        _with_validation(labels, groups, test, seed) for test in _drawn(labels, groups, count, seed) if len(test)
    )


def folds_by_group(labels: Numbers, groups: Sequence[str], seed: int) -> tuple[Split, ...]:
    """Leave each group out once."""
    names = np.array(groups)
    return tuple(_with_validation(labels, groups, np.flatnonzero(names == name), seed) for name in np.unique(names))


def _with_validation(labels: Numbers, groups: Sequence[str], test: Numbers, seed: int) -> Split:
    rest = np.setdiff1d(np.arange(len(labels)), test)
    held = _drawn(labels[rest], [groups[index] for index in rest], VALIDATION_FOLDS, seed)
    whole = (part for part in held if len(np.unique(labels[rest[part]])) == 2)
    val = rest[next(whole)]
    return Split(train=np.setdiff1d(rest, val), val=val, test=test)


def _drawn(labels: Numbers, groups: Sequence[str], count: int, seed: int) -> list[Numbers]:
    most = min(count, len(set(groups)), int(np.bincount(labels).min()))
    folds = StratifiedGroupKFold(most, shuffle=True, random_state=seed)
    return [held for _, held in folds.split(labels, labels, groups)]
