"""What random sets of tiles give: the chance that a stage's tiles are compared with."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def random_means(values: Floats, count: int, draws: int, rng: np.random.Generator) -> Floats:
    """Return the mean (draws,) of random sets of `count` of the values (M,), drawn without replacement.

    One shuffle gives as many sets as fit into it, and a set larger than half is drawn by what it leaves out: a
    thousand sets of 100,000 tiles take a fraction of a second.
    """
    size = min(count, len(values) - count)
    if not size:
        return np.full(draws, values.mean())
    sets = min(draws, len(values) // size)
    shuffles = -(-draws // sets)
    sums = [rng.permutation(values)[: sets * size].reshape(sets, size).sum(axis=1) for _ in range(shuffles)]
    drawn: Floats = np.concatenate(sums)[:draws]
    return drawn / count if size == count else (values.sum() - drawn) / count
