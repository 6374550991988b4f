"""A first pass over all bags before training: that they are valid, and how the features of the tiles vary."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from msm_mil_core.learning.dataset.bag_dataset import BagDataset, Indices
from msm_mil_core.progress import Progress


@dataclass(frozen=True, slots=True, eq=False)
class FeatureStatistics:
    """Mean and standard deviation of each feature over the training tiles, (P,) each."""

    mean: Tensor
    std: Tensor


def compute_feature_statistics(bags: BagDataset, train: Indices) -> Generator[Progress, None, FeatureStatistics]:
    """Read every bag once, some thousand tiles at once, so that a bad one is reported before training.

    Parameters
    ----------
    train
        The bags that the statistics are of.

    Raises
    ------
    TrainingError
        If a bag is empty, of another length, or holds numbers that are not finite.
    FeatureFileError
        If a feature file cannot be read.
    """
    width, trained = bags.tables[0].features, set(train.tolist())
    count, total, squares = 0, np.zeros(width), np.zeros(width)
    for index in range(len(bags)):
        yield Progress("Checking bags", index, len(bags), "bags")
        bags.check_width(index)
        for rows in bags.finite_blocks(index):
            if index in trained:
                count += len(rows)
                total += rows.sum(0, dtype=np.float64)
                squares += np.square(rows, dtype=np.float64).sum(0)
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 0))
    return FeatureStatistics(torch.from_numpy(mean).float(), torch.from_numpy(std).float())
