"""A metric with its 95 % interval over patients."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

INTERVAL_PERCENT = (2.5, 97.5)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric, and where it would lie for other patients; NaN where it is undefined."""

    value: float
    low: float
    """Lower end of the 95 % interval."""
    high: float
    draws: int
    """How many resamples the interval rests on: those with every class that the metric needs."""


def estimate(value: float, resampled: Floats) -> Estimate:
    """Put the percentile interval (Efron and Tibshirani 1993, section 13.3) of resampled values around a value."""
    defined = resampled[np.isfinite(resampled)]
    if np.isnan(value) or not len(defined):
        return Estimate(value, np.nan, np.nan, 0)
    low, high = np.percentile(defined, INTERVAL_PERCENT)
    return Estimate(value, float(low), float(high), len(defined))


def centred_estimate(value: float, resampled: Floats) -> Estimate:
    """Do the same for a metric of at least 0 that resampling alone makes larger, such as a calibration error.

    Bags drawn twice look like more evidence of a gap than they are, so the resampled values are moved back by as much
    as their mean lies above the value itself.
    """
    return estimate(value, np.maximum(resampled - (resampled.mean() - value), 0) if len(resampled) else resampled)


RESAMPLES = 1000
SEED = 0


@dataclass(frozen=True, slots=True, eq=False)
class Resamples:
    """R draws of as many patients as there are."""

    counts: NDArray[np.float64]
    """(R, B), how often each bag is in each draw: as often as its patient was drawn. Empty for a single patient."""

    def __len__(self) -> int:
        return len(self.counts)


def draw_resamples(patients: Sequence[str], count: int = RESAMPLES, seed: int = SEED) -> Resamples:
    """Draw patients, each with all its bags; the order of the bags does not matter.

    Efron B., Tibshirani R., An introduction to the bootstrap, 1993, chapter 6; whole patients, since the slides of one
    are alike.

    Parameters
    ----------
    patients
        Whose each of the B bags is.
    """
    names, owner = np.unique(np.array(patients), return_inverse=True)
    count = count if len(names) > 1 else 0  # one patient says nothing about others
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=count)
    return Resamples(drawn[:, owner].astype(np.float64))
