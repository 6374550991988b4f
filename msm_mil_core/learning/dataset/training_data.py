"""Bags read for training: checked, their features summed up, and kept in memory as far as a budget reaches."""

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.feature_table import FeatureTable
from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.dataset.columns import Part
from msm_mil_core.progress import Progress

GIB = 2**30


@dataclass(frozen=True, slots=True, eq=False)
class FeatureStatistics:
    """Mean and standard deviation of each feature over the training tiles, (P,) each."""

    mean: NDArray[np.float32]
    std: NDArray[np.float32]

    def __repr__(self) -> str:
        return f"<FeatureStatistics of {len(self.mean)} features>"


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """What a training reads before its first step."""

    bags: BagDataset
    """All bags, split; those that fit the budget are in memory."""
    statistics: FeatureStatistics
    """Of the training part."""


def read_training_data(bags: BagDataset, keep_gib: float) -> Generator[Progress, None, TrainingData]:
    """Read every bag once, some thousand tiles at once, so that a bad one is reported before training.

    Parameters
    ----------
    bags
        Split. Those trained on come first, then those of validation, then those of the test part.
    keep_gib
        Memory for features, in GiB. A bag that still fits into it is kept there and not read again; one that does not
        is read again whenever it is needed. What is trained does not depend on it.

    Raises
    ------
    TrainingError
        If a bag is empty, of another length, or holds numbers that are not finite.
    FeatureFileError
        If a feature file cannot be read.
    """
    sums, tables, room = _Sums(), list(bags.tables), int(keep_gib * GIB)
    order = [(part, index) for part in get_args(Part) for index in bags.indices(part).tolist()]
    for done, (part, index) in enumerate(order):
        yield Progress("Checking bags", done, len(order), "bags")
        table = tables[index]
        kept = _place_for(table, room)
        _read(bags, index, kept, sums if part == "train" else None)
        if kept is not None:
            tables[index], room = replace(table, held=kept), room - table.nbytes
    return TrainingData(replace(bags, tables=tuple(tables)), sums.statistics())


def _place_for(table: FeatureTable, room: int) -> NDArray[np.floating] | None:
    """Return an array for the rows of a file; None if it does not fit, or they are in memory."""
    if table.path is None or table.held is not None or table.nbytes > room:
        return None
    return np.empty((table.tiles, table.features), table.dtype)


def _read(bags: BagDataset, index: int, kept: NDArray[np.floating] | None, sums: "_Sums | None") -> None:
    start = 0
    bags.check_width(index)
    for rows in bags.finite_blocks(index):
        if sums is not None:
            sums.add(rows)
        if kept is not None:
            kept[start : start + len(rows)] = rows
        start += len(rows)


@dataclass(slots=True)
class _Sums:
    """What mean and deviation are computed from, in double precision."""

    count: int = 0
    total: NDArray[np.float64] = field(default_factory=lambda: np.zeros(1))
    squares: NDArray[np.float64] = field(default_factory=lambda: np.zeros(1))

    def add(self, rows: NDArray[np.floating]) -> None:
        self.count += len(rows)
        self.total = self.total + rows.sum(0, dtype=np.float64)
        self.squares = self.squares + np.square(rows, dtype=np.float64).sum(0)

    def statistics(self) -> FeatureStatistics:
        mean = self.total / self.count
        std = np.sqrt(np.maximum(self.squares / self.count - mean**2, 0))
        return FeatureStatistics(mean.astype(np.float32), std.astype(np.float32))
