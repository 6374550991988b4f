"""What shuffled maps give: the chance that a rank correlation is compared with."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TILES_A_DRAW = 1000
"""A shuffle of so many tiles serves one draw, of twice as many two, and so on."""


def shuffled_correlations(one: Floats, other: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Return the correlation (draws,) of two maps (N,), of mean 0 and length 1, one of them shuffled in each draw.

    Shuffling is slow, so that one shuffle of many tiles serves several draws: both maps are shuffled, and one of them
    is turned by a random number of tiles for each draw. Each draw is as good as of a shuffle of its own, and any two of
    them are uncorrelated but for one part in the number of tiles.
    """
    turns = min(draws, max(1, len(one) // TILES_A_DRAW))
    shuffles = -(-draws // turns)
    return np.concatenate([_turned(one, other, turns, rng) for _ in range(shuffles)])[:draws]


def _turned(one: Floats, other: Floats, turns: int, rng: np.random.Generator) -> Floats:
    count = len(one)
    twice, there = np.tile(rng.permutation(one), 2), rng.permutation(other)
    starts = rng.choice(count, turns, replace=False)
    correlations: Floats = np.array([twice[start : start + count] @ there for start in starts.tolist()])
    return np.clip(correlations, -1, 1)
