"""What the maps of a method find, measured against what is known of the tiles.

Letters: N tiles, M maps, R tiles of evidence in a bag.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from scipy.stats import rankdata

from examples.benchmarks.tasks.task import Numbers
from msm_mil_core.explain.localisation import tile_auc

Scores = NDArray[np.float64]
BEST_SHARE = 0.1
"""A stage's best tiles are this share of the bag, at least one."""
FEW = 10
"""The 10 of coverage@10."""


@dataclass(frozen=True, slots=True)
class Finds:
    """How well a ranking of a positive bag's tiles finds its evidence."""

    coverage_r: float
    """Share of the kinds of evidence present that are among the R best tiles."""
    coverage_10: float
    localisation_auc: float
    """NaN where all tiles are evidence."""
    average_precision: float


def fused(maps: Scores, weights: Scores | None = None) -> Scores:
    """Return one score for each tile (N,): the attention of the maps (M, N) by weights (M,), or the only map as it is.

    All maps weigh alike where there are no weights.
    """
    if len(maps) == 1:
        return maps[0]
    return np.average(softmax(maps, axis=1), axis=0, weights=weights)


def by_turns(maps: Scores) -> Scores:
    """Return one score for each tile (N,), as one who looks at the maps (M, N) in turn would meet it: best first."""
    places = np.stack([rankdata(-one, method="ordinal") for one in maps])
    best = places.min(0) + places.argmin(0) / len(maps)
    return -best


def finds(ranking: Scores, kinds: Numbers, evidence: Sequence[int]) -> Finds:
    """Compare a ranking of tiles (N,) with their kinds (N,); at least one must be evidence."""
    is_evidence = np.isin(kinds, evidence)
    order = np.argsort(-ranking, kind="stable")
    return Finds(
        coverage_r=_coverage(kinds, is_evidence, order[: is_evidence.sum()]),
        coverage_10=_coverage(kinds, is_evidence, order[:FEW]),
        localisation_auc=tile_auc(ranking, is_evidence),
        average_precision=average_precision(ranking, is_evidence),
    )


def localisation(maps: Scores, kinds: Numbers, evidence: Sequence[int]) -> list[float]:
    """Return the localisation AUC of each map (M, N) over the tiles it saw; NaN where those are all of one sort."""
    is_evidence = np.isin(kinds, evidence)
    return [tile_auc(one, is_evidence) for one in maps]


def average_precision(ranking: Scores, is_evidence: NDArray[np.bool_]) -> float:
    """Return the mean, over the evidence tiles, of the share of evidence among the tiles that rank at least as high."""
    order = np.argsort(-ranking, kind="stable")
    ranked, found = ranking[order], is_evidence[order].cumsum()
    last = np.flatnonzero(np.append(np.diff(ranked) != 0, True))  # of tiles that rank alike
    return float((np.diff(found[last], prepend=0) * found[last] / (last + 1)).sum() / found[-1])


def _coverage(kinds: Numbers, is_evidence: NDArray[np.bool_], looked: Numbers) -> float:
    present = set(kinds[is_evidence].tolist())
    return len(present & set(kinds[looked].tolist())) / len(present)


def effective_tiles(maps: Scores) -> float:
    """Return exp of the entropy of the fused attention: how many tiles carry the answer."""
    attention = softmax(maps, axis=1).mean(0)
    positive = attention[attention > 0]
    return float(np.exp(-(positive * np.log(positive)).sum()))


def rank_correlation(maps: Scores) -> float:
    """Return the median over all pairs of maps (M, N) of Spearman's correlation over tiles that both saw."""
    pairs = [_spearman(one, other) for one, other in combinations(maps, 2)]
    return float(np.median([value for value in pairs if not np.isnan(value)] or [np.nan]))


def _spearman(one: Scores, other: Scores) -> float:
    both = np.isfinite(one) & np.isfinite(other)
    ranks = rankdata(one[both]), rankdata(other[both])
    if both.sum() < 3 or min(np.std(ranks, axis=1)) == 0:
        return float("nan")
    return float(np.corrcoef(*ranks)[0, 1])


def best_tiles(maps: Scores) -> NDArray[np.bool_]:
    """Return the best tenth of the tiles of each map, (M, N) bool."""
    count = max(1, round(BEST_SHARE * maps.shape[1]))
    best = np.zeros(maps.shape, bool)
    np.put_along_axis(best, np.argsort(-maps, axis=1, kind="stable")[:, :count], values=True, axis=1)
    return best


def overlap(best: NDArray[np.bool_]) -> float:
    """Return the mean over all pairs of maps of the Jaccard index of their best tiles (M, N)."""
    pairs = [(one & other).sum() / (one | other).sum() for one, other in combinations(best, 2)]
    return float(np.mean(pairs)) if pairs else float("nan")


def counts_of_kinds(best: NDArray[np.bool_], kinds: Numbers, kinds_known: int) -> NDArray[np.int64]:
    """Count the kinds of tiles among the best ones of each map, (M, kinds)."""
    return np.stack([np.bincount(kinds[row], minlength=kinds_known) for row in best])


def mutual_information(counts: NDArray[np.int64]) -> float:
    """Return how much the map tells of the kind of its best tiles, in nats, from counts (M, kinds)."""
    joint = counts / counts.sum()
    apart = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    seen = joint > 0
    return float((joint[seen] * np.log(joint[seen] / apart[seen])).sum())
