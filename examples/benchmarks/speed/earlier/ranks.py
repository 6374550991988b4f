"""How tiles were ranked, and two rankings compared, before: by searches in no order, and by scipy."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from msm_mil_core.explain.chance.ranks import ranks_among


def ranks(attention: NDArray[np.float32]) -> NDArray[np.float64]:
    """Rank the tiles that were shown from 0 to 1."""
    shown = np.isfinite(attention)
    ranked = np.full(len(attention), np.nan)
    ranked[shown] = ranks_among(attention[shown], np.sort(attention[shown]))
    return ranked


def rank_correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return Spearman's correlation."""
    both = np.isfinite(one) & np.isfinite(other)
    return float(spearmanr(one[both], other[both]).statistic)
