"""Fits what a model remembers of its training tiles, so that it can say of a slide that it is unlike them."""

from collections.abc import Generator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.dataset.training_data import TrainingData
from msm_mil_core.mil.trust.training_tissue import FEWEST_HELD_OUT, TrainingTissue
from msm_mil_core.progress import Progress

AXES = 16
"""Most principal axes that are kept: 80 kB for 1,280 features."""
TILES_PER_BAG = 256
"""Tiles drawn of a training bag: bags differ more than the tiles of one."""
SMALLEST_VARIANCE = 1e-4
"""Of a standardised feature: directions in which training tiles do not differ at all would count without end."""


def fit_training_tissue(data: TrainingData, seed: int) -> Generator[Progress, None, TrainingTissue | None]:
    """Fit a Gaussian to tiles of the training bags, and measure how far the validation bags lie from them.

    None if there are too few validation bags to know from what distance on tissue is unlike.

    Parameters
    ----------
    data
        All bags, split, and the statistics of the training tiles.
    seed
        Which tiles are drawn of a large bag.

    Raises
    ------
    FeatureFileError, TrainingError
        If a bag cannot be read or used.
    """
    bags, statistics = data.bags, data.statistics
    if len(bags.indices("val")) < FEWEST_HELD_OUT:
        return None
    std = np.where(statistics.std > 0, statistics.std, np.float32(1))
    covariance = yield from _covariance(bags, (statistics.mean, std), seed)
    axes, variances = _principal_axes(covariance)
    tissue = TrainingTissue(statistics.mean, std, axes, variances, held_out=np.empty(0, np.float32))
    return replace(tissue, held_out=(yield from _held_out_distances(bags, tissue)))


def _covariance(
    bags: BagDataset, scale: tuple[NDArray[np.float32], NDArray[np.float32]], seed: int
) -> Generator[Progress, None, NDArray[np.float64]]:
    """Return the covariance (P, P) of standardised features; every bag counts by the tiles that are drawn of it."""
    mean, std = scale
    count, products = 0, np.zeros((len(mean), len(mean)))
    trained_on = bags.indices("train")
    for done, index in enumerate(trained_on):
        yield Progress("Measuring training tiles", done, len(trained_on), "bags")
        table, rng = bags.tables[index], np.random.default_rng((seed, int(index)))
        rows = None if table.tiles <= TILES_PER_BAG else np.sort(rng.permutation(table.tiles)[:TILES_PER_BAG])
        standard = (table.read(rows).astype(np.float64) - mean) / std
        products += standard.T @ standard
        count += len(standard)
    return products / count


def _principal_axes(covariance: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the axes (K, P) of greatest variance, and the variances (K + 1,): of those, and of all others alike."""
    P = len(covariance)
    K = min(AXES, P - 1)
    values, vectors = eigh(covariance, subset_by_index=(P - K, P - 1)) if K else (np.empty(0), np.empty((P, 0)))
    rest = (np.trace(covariance) - values.sum()) / (P - K)
    variances = np.maximum(np.append(values[::-1], rest), SMALLEST_VARIANCE)
    return vectors.T[::-1].astype(np.float32), variances.astype(np.float32)


def _held_out_distances(bags: BagDataset, tissue: TrainingTissue) -> Generator[Progress, None, NDArray[np.float32]]:
    distances, held_out = [], bags.indices("val")
    for done, index in enumerate(held_out):
        yield Progress("Measuring held-out bags", done, len(held_out), "bags")
        tiles = [tissue.tile_distances(rows) for rows in bags.finite_blocks(int(index))]
        distances.append(np.median(np.concatenate(tiles)))
    return np.sort(np.array(distances, np.float32))
