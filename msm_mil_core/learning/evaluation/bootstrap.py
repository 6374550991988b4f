"""A figure with its 95 % interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

INTERVAL_PERCENT = (2.5, 97.5)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, and where it would lie for other patients; NaN is what cannot be told."""

    value: float
    low: float
    """Lower end of the 95 % interval."""
    high: float
    draws: int
    """How many resamples the interval rests on: those that show every class that the figure needs."""


def estimate(value: float, drawn: Floats) -> Estimate:
    """Put the percentile interval (Efron and Tibshirani 1993, section 13.3) of resampled figures around a figure."""
    told = drawn[np.isfinite(drawn)]
    if np.isnan(value) or not len(told):
        return Estimate(value, np.nan, np.nan, 0)
    low, high = np.percentile(told, INTERVAL_PERCENT)
    return Estimate(value, float(low), float(high), len(told))


def centred_estimate(value: float, drawn: Floats) -> Estimate:
    """Do so for a figure of at least 0 that resampling alone makes larger, such as a calibration error.

    Bags drawn twice look like more evidence of a gap than they are, so the resampled figures are moved back by as much
    as their mean lies above the figure itself.
    """
    return estimate(value, np.maximum(drawn - (drawn.mean() - value), 0) if len(drawn) else drawn)


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
