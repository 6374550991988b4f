"""The tiles that a stage would attend to were none hidden from it: masks keep claims apart, but not wishes."""

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.explain.selections.selection import Chosen
from msm_mil_core.explain.stage_comparison import CHANCE_PERCENT

LEFTOVERS = 0.5
"""A stage was shown only leftovers if the tiles hidden from it hold more than this of the attention that it would
give were it shown all."""
SAME_TILES = 0.5
"""Two stages want the same tiles if more than this share of the tiles that either wants (Jaccard), and more than
chance gives, is wanted by both."""


def wanted_tiles(scores: NDArray[np.float32], kept: Chosen, count: int) -> Chosen:
    """Mark the `count` tiles of highest score (N,) among those that are kept (N,), the first of equals."""
    wanted = np.zeros(len(scores), bool)
    wanted[np.argsort(-np.where(kept, scores, -np.inf), kind="stable")[:count]] = True
    return wanted


def only_leftovers(scores: NDArray[np.float32], kept: Chosen, shown: Chosen) -> bool:
    """Return whether what was hidden from a stage holds most of what it would attend to; no if it was shown nothing.

    Parameters
    ----------
    scores
        (N,), attention before its softmax, of all tiles.
    kept, shown
        (N,), the tiles of the bag, and those of them that the stage was shown.
    """
    wish = np.where(kept, np.exp(scores.astype(np.float64) - scores[kept].max()), 0)
    return bool(shown.any() and wish[~shown].sum() > LEFTOVERS * wish.sum())


def are_same(one: Chosen, other: Chosen, tiles: int) -> bool:
    """Return whether two sets, of a bag of `tiles` tiles, share more than half of their tiles and more than chance."""
    from scipy.stats import hypergeom  # slow to import

    both, either = int((one & other).sum()), int((one | other).sum())
    if both <= SAME_TILES * either:
        return False
    by_chance = hypergeom.ppf(CHANCE_PERCENT[1] / 100, tiles, int(one.sum()), int(other.sum()))
    return both > int(by_chance)
