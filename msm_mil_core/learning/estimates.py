"""A figure with its 95 % interval."""

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
