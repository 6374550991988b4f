"""How stages were compared before: each cell at the mean of one set's tiles, and a shuffle for every draw."""

from bisect import bisect_left
from itertools import combinations
from math import ceil, sqrt

import numpy as np
import ot
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from msm_mil_core.explain.chance.set_distance import MOST_CELLS, MOST_PIVOTS
from msm_mil_core.explain.comparison_options import CompareOptions
from msm_mil_core.explain.selections.selection import Chosen, top_tiles
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.slides.tiling.tiles import TileGrid

Floats = NDArray[np.float64]
Points = NDArray[np.int64]
Figures = tuple[float, float, float]


def compare(prediction: Prediction, tiles: TileGrid, options: CompareOptions) -> list[Figures]:
    """Return overlap, rank correlation and distance of each pair; chance is drawn, and the figures of it dropped."""
    rng = np.random.default_rng(options.seed)
    attention = [stage.attention for stage in prediction.stages]
    tops = [top_tiles(each, options.top_percent) for each in attention]
    pairs = [(i, j, *_ranks_of(attention[i], attention[j])) for i, j in combinations(range(len(tops)), 2)]
    for _ in range(options.draws):
        claims = [_claim(each, top, rng) for each, top in zip(attention, tops, strict=True)]
        for one, other, first, second in pairs:
            _measured(claims[one], claims[other], (rng.permutation(first), second), tiles)
    return [_measured(tops[one], tops[other], ranked, tiles) for one, other, *ranked in pairs]


def _ranks_of(one: NDArray[np.float32], other: NDArray[np.float32]) -> tuple[Floats, Floats]:
    both = np.isfinite(one) & np.isfinite(other)
    return _unit_ranks(one[both]), _unit_ranks(other[both])


def _unit_ranks(attention: NDArray[np.float32]) -> Floats:
    ascending = np.sort(attention)
    below, upto = (np.searchsorted(ascending, attention, side) for side in ("left", "right"))
    centred: Floats = (below + upto - 1) / 2 / (len(attention) - 1) - 0.5
    return centred / np.linalg.norm(centred)


def _claim(attention: NDArray[np.float32], top: Chosen, rng: np.random.Generator) -> Chosen:
    claim = np.zeros(len(top), bool)
    claim[rng.choice(np.flatnonzero(np.isfinite(attention)), int(top.sum()), replace=False, shuffle=False)] = True
    return claim


def _measured(one: Chosen, other: Chosen, ranked: tuple[Floats, Floats] | list[Floats], tiles: TileGrid) -> Figures:
    overlap = float((one & other).sum() / (one | other).sum())
    distance = _distance(tiles.xy_px0[one], tiles.xy_px0[other], tiles.side_px0)
    return overlap, float(np.clip(ranked[0] @ ranked[1], -1, 1)), distance


def _distance(one: Points, other: Points, side_px0: int) -> float:
    grain = _grain(one, other, side_px0)
    (weights, places), (others, there) = _gathered(one, grain), _gathered(other, grain)
    return float(ot.emd2(weights, others, cdist(places, there), numItermax=MOST_PIVOTS))


def _grain(one: Points, other: Points, side_px0: int) -> int:
    def few(tiles: int) -> bool:
        return all(len(np.unique(_cells(each, tiles * side_px0))) <= MOST_CELLS for each in (one, other))

    least = max(1, ceil(sqrt(max(len(one), len(other)) / MOST_CELLS)))
    most = max(int(each.max()) for each in (one, other)) // side_px0 + 1
    return side_px0 * (least + bisect_left(range(least, max(least, most)), True, key=few))


def _gathered(points: Points, grain: int) -> tuple[Floats, Floats]:
    _, cell, counts = np.unique(_cells(points, grain), return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(cell, weights=along) for along in points.T], axis=1)
    return counts / len(points), sums / counts[:, None]


def _cells(points: Points, grain: int) -> Points:
    col, row = (points // grain).T
    numbers: Points = row * (col.max() + 1) + col
    return numbers
