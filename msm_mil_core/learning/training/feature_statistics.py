"""The bags of a training, each read once before anything is learnt: that they are sound, and how their tiles vary."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from msm_mil_core.bags.feature_table import FeatureTable
from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.dataset.splits import Split
from msm_mil_core.progress import Progress


@dataclass(frozen=True, slots=True, eq=False)
class FeatureStatistics:
    """Bags that are ready to be learnt from."""

    tables: tuple[FeatureTable, ...]
    """One for each bag; the features stay in their files."""
    mean: Tensor
    """(P,), of the training tiles."""
    std: Tensor
    """(P,), of the training tiles."""


def compute_feature_statistics(bags: BagDataset, split: Split) -> Generator[Progress, None, FeatureStatistics]:
    """Read every bag once, some thousand tiles at once, so that a bad one is told before anything is learnt.

    Raises
    ------
    TrainingError
        If a bag is empty, of another length, or holds numbers that are not finite.
    FeatureFileError
        If a feature file cannot be read.
    """
    width = bags.table(0).features
    count, total, squares = 0, np.zeros(width), np.zeros(width)
    learnt, tables = set(split.train.tolist()), []
    for index in range(len(bags)):
        yield Progress("Checking bags", index, len(bags), "bags")
        table = bags.require_width(index, width)
        for rows in bags.sound_blocks(index, table):
            if index in learnt:
                count += len(rows)
                total += rows.sum(0, dtype=np.float64)
                squares += np.square(rows, dtype=np.float64).sum(0)
        tables.append(table)
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 0))
    return FeatureStatistics(tuple(tables), torch.from_numpy(mean).float(), torch.from_numpy(std).float())
