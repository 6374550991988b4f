"""Tiles ranked by attention, and how alike two maps rank them."""

import numpy as np
from numpy.typing import NDArray

FEWEST_TILES = 3
"""Over fewer tiles than this a correlation is not defined."""


def ranks(attention: NDArray[np.float32]) -> NDArray[np.float64]:
    """Rank the tiles that were shown from 0 for the lowest attention to 1 for the highest; NaN (not shown) stays NaN.

    Equals share the mean of their ranks; 0.5 stands where all are equal.
    """
    shown = np.flatnonzero(np.isfinite(attention))
    order = shown[np.argsort(attention[shown])]
    ranked, ascending = np.full(len(attention), np.nan), attention[order]
    ranked[order] = ranks_among(ascending, ascending)  # a sorted search is several times as fast
    return ranked


def ranks_among(values: NDArray[np.float32], ascending: NDArray[np.float32]) -> NDArray[np.float64]:
    """Rank values among sorted ones that hold them all, 0 for the lowest and 1 for the highest.

    Equals share the mean of their ranks; 0.5 stands where all are equal.
    """
    if not ascending.size or ascending[0] == ascending[-1]:
        return np.full(values.shape, 0.5)
    below, upto = (np.searchsorted(ascending, values, side) for side in ("left", "right"))
    ranked: NDArray[np.float64] = (below + upto - 1) / 2 / (ascending.size - 1)  # the mean of equals, counted from 0
    return ranked


def rank_correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return Spearman's correlation of two maps (N,) over the tiles that have a value in both.

    NaN for fewer than 3 tiles, and where a map is constant.
    """
    both = np.isfinite(one) & np.isfinite(other)
    return correlation(unit_ranks(one[both]), unit_ranks(other[both]))


def unit_ranks(attention: NDArray[np.float32]) -> NDArray[np.float64]:
    """Rank tiles that were all shown, moved to a mean of 0 and scaled to a length of 1; NaN where all are equal."""
    centred = ranks(attention) - 0.5
    length = np.linalg.norm(centred)
    return centred / length if length else np.full(len(centred), np.nan)


def correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the correlation of two of `unit_ranks`; NaN for fewer than 3 tiles."""
    return float(np.clip(one @ other, -1, 1)) if len(one) >= FEWEST_TILES else float("nan")
