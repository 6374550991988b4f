"""Patients drawn again and again with replacement: what the figures of other patients might have been."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
SEED = 0


@dataclass(frozen=True, slots=True, eq=False)
class Resamples:
    """R draws of as many patients as there are."""

    counts: NDArray[np.float64]
    """(R, B), how often each bag is in each draw: as often as its patient was drawn. No draws of a single patient."""

    def __len__(self) -> int:
        return len(self.counts)


def draw_resamples(patients: Sequence[str], count: int = RESAMPLES, seed: int = SEED) -> Resamples:
    """Draw patients, each with all its bags; the order of the bags does not matter.

    Efron B., Tibshirani R., An introduction to the bootstrap, 1993, chapter 6; whole patients, since the slides of one
    are alike.

    Parameters
    ----------
    patients
        Who each of the B bags is of.
    """
    names, owner = np.unique(np.array(patients), return_inverse=True)
    count = count if len(names) > 1 else 0  # one patient tells nothing of others
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=count)
    return Resamples(drawn[:, owner].astype(np.float64))
