"""How far the mask stages attend to different tissue: every pair is compared with chance."""

from bisect import bisect_left
from collections.abc import Generator
from dataclasses import dataclass
from itertools import combinations
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.explain.comparison_options import CompareOptions
from msm_mil_core.explain.coverage import CoverageStep, coverage
from msm_mil_core.explain.ranks import FEWEST_TILES, ranks
from msm_mil_core.explain.selection import Chosen, top_tiles
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.progress import Progress
from msm_mil_core.slides.tiles import TileGrid

MOST_CELLS = 300
"""Larger sets of tiles are gathered in cells before their distance is computed: the work grows with the cube."""
CHANCE_PERCENT = (2.5, 97.5)
MOST_PIVOTS = 10_000_000
"""Steps of the network simplex; far more than sets of `MOST_CELLS` need."""

Floats = NDArray[np.float64]
Points = NDArray[np.int64]
Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class StagePair:
    """How alike two stages are; NaN where that is undefined. Ranges hold 95 % of what chance gives."""

    one: int
    """Counted from 0."""
    other: int
    overlap: float
    """Tiles that both have among their top tiles, as a share of those that either has (Jaccard); 0 to 1."""
    overlap_by_chance: float
    """Mean over the draws."""
    overlap_chance_range: Range
    rank_correlation: float
    """Spearman's, of attention over the tiles shown to both; NaN for fewer than 3 tiles, or if one is constant."""
    rank_correlation_chance_range: Range
    """Of shuffled attention; its mean is 0."""
    distance_px0: float
    """How far, on average, the top tiles of one must be moved to lie where those of the other do (earth mover's)."""
    distance_px0_by_chance: float
    """Mean over the draws."""
    distance_px0_chance_range: Range
    grain_px0: int
    """Side of the cells in which tiles were gathered for the distance: it is exact where this is a tile's own side,
    else right to within the square root of 2 times this."""
    mpp: float
    """Micrometres per level-0 pixel; NaN if unknown."""

    @property
    def distance_um(self) -> float:
        """`distance_px0` in micrometres."""
        return self.distance_px0 * self.mpp

    @property
    def distance_um_by_chance(self) -> float:
        """`distance_px0_by_chance` in micrometres."""
        return self.distance_px0_by_chance * self.mpp

    @property
    def distance_um_chance_range(self) -> Range:
        """`distance_px0_chance_range` in micrometres."""
        low, high = self.distance_px0_chance_range
        return low * self.mpp, high * self.mpp


@dataclass(frozen=True, slots=True)
class StageComparison:
    """The stages of a prediction, compared."""

    options: CompareOptions
    pairs: tuple[StagePair, ...]
    """Every pair of stages, the earlier one first; none for a model of one stage."""
    coverage: tuple[CoverageStep, ...]
    """What each stage adds to the ones before it."""

    def __repr__(self) -> str:
        overlaps = ", ".join(f"{pair.one + 1} and {pair.other + 1}: {pair.overlap:.2f}" for pair in self.pairs)
        return f"<StageComparison: overlap of stages {overlaps or 'none'}>"


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """Two stages and their attention to the tiles shown to both, as ranks of mean 0 and length 1."""

    one: int
    other: int
    ranks_of_one: Floats
    ranks_of_other: Floats

    def measured(self, sets: list["_PlacedSet"], side_px0: int) -> tuple[float, float, float]:
        """Return overlap, rank correlation and distance (level-0 pixels), with a set of tiles for every stage."""
        one, other = sets[self.one], sets[self.other]
        return (
            _overlap(one.chosen, other.chosen),
            _correlation(self.ranks_of_one, self.ranks_of_other),
            _distance_px0(one.xy_px0, other.xy_px0, side_px0),
        )

    def shuffled(self, rng: np.random.Generator) -> "_Pair":
        """Return the pair with one stage attending to the tiles in random order."""
        return _Pair(self.one, self.other, rng.permutation(self.ranks_of_one), self.ranks_of_other)


@dataclass(frozen=True, slots=True, eq=False)
class _PlacedSet:
    """Some tiles, and where they lie."""

    chosen: Chosen
    xy_px0: Points

    @classmethod
    def of(cls, chosen: Chosen, tiles: TileGrid) -> "_PlacedSet":
        """Look up the places once for all pairs."""
        return cls(chosen, tiles.xy_px0[np.flatnonzero(chosen)])


def compare_stages(
    prediction: Prediction, tiles: TileGrid, mpp: float | None, options: CompareOptions
) -> Generator[Progress, None, StageComparison]:
    """Compare every pair of stages by their top tiles and their attention, and measure what each stage adds.

    Chance is random claims: for each stage as many tiles as its top has, drawn from the tiles that it was shown. With
    masks at inference a later stage cannot have what earlier ones claimed: that such claims do not overlap
    is by construction, and no evidence of diverse patterns, however little they overlap compared with chance.

    The distance is the earth mover's (Rubner et al. 2000) between the two sets, all tiles of a set weighing the same.
    Sets in more than `MOST_CELLS` places are first gathered in square cells of as few tiles as bring both below it,
    each cell standing at the mean of its tiles; random claims are gathered by the same rule, so both are measured
    alike.

    Parameters
    ----------
    prediction, tiles
        The attention (N,) of each stage, and where the N tiles lie, in level-0 pixels.
    mpp
        Micrometres per level-0 pixel of the slide; None if unknown: distances in micrometres are NaN then.
    options
        Which share of its tiles is a stage's top, and how many random claims are drawn.
    """
    rng = np.random.default_rng(options.seed)
    tops = [_PlacedSet.of(top_tiles(stage.attention, options.top_percent), tiles) for stage in prediction.stages]
    pairs = [_pair(prediction, one, other) for one, other in combinations(range(len(tops)), 2)]
    drawn = []
    for draw in range(options.draws if pairs else 0):
        yield Progress("Comparing stages with chance", draw, options.draws, "draws")
        stages = zip(prediction.stages, tops, strict=True)
        claims = [_PlacedSet.of(_random_claim(stage.attention, top.chosen, rng), tiles) for stage, top in stages]
        drawn.append([pair.shuffled(rng).measured(claims, tiles.side_px0) for pair in pairs])
    by_chance = np.array(drawn)  # (draws, pairs, 3)
    yield Progress("Comparing stages with chance", options.draws, options.draws, "draws")
    return StageComparison(
        options=options,
        pairs=tuple(_compared(pair, tops, tiles, mpp, by_chance[:, index]) for index, pair in enumerate(pairs)),
        coverage=coverage(prediction, tiles, mpp, options.top_percent),
    )


def _pair(prediction: Prediction, one: int, other: int) -> _Pair:
    attention, others = prediction.stages[one].attention, prediction.stages[other].attention
    both = np.isfinite(attention) & np.isfinite(others)
    return _Pair(one, other, _unit_ranks(attention[both]), _unit_ranks(others[both]))


def _unit_ranks(attention: NDArray[np.float32]) -> Floats:
    centred = ranks(attention) - 0.5
    length = np.linalg.norm(centred)
    return centred / length if length else np.full(len(centred), np.nan)


def _random_claim(attention: NDArray[np.float32], top: Chosen, rng: np.random.Generator) -> Chosen:
    claim = np.zeros(len(top), bool)
    claim[rng.choice(np.flatnonzero(np.isfinite(attention)), int(top.sum()), replace=False, shuffle=False)] = True
    return claim


def _compared(pair: _Pair, tops: list[_PlacedSet], tiles: TileGrid, mpp: float | None, by_chance: Floats) -> StagePair:
    overlap, correlation, distance_px0 = pair.measured(tops, tiles.side_px0)
    mean, (low, high) = by_chance.mean(axis=0), np.percentile(by_chance, CHANCE_PERCENT, axis=0)
    ranges = [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
    return StagePair(
        one=pair.one,
        other=pair.other,
        overlap=overlap,
        overlap_by_chance=float(mean[0]),
        overlap_chance_range=ranges[0],
        rank_correlation=correlation,
        rank_correlation_chance_range=ranges[1],
        distance_px0=distance_px0,
        distance_px0_by_chance=float(mean[2]),
        distance_px0_chance_range=ranges[2],
        grain_px0=_grain_px0(tops[pair.one].xy_px0, tops[pair.other].xy_px0, tiles.side_px0),
        mpp=np.nan if mpp is None else mpp,
    )


def _overlap(one: Chosen, other: Chosen) -> float:
    return float((one & other).sum() / (one | other).sum()) if one.any() and other.any() else np.nan


def _correlation(one: Floats, other: Floats) -> float:
    return float(np.clip(one @ other, -1, 1)) if len(one) >= FEWEST_TILES else np.nan


def _distance_px0(one_px0: Points, other_px0: Points, side_px0: int) -> float:
    if not len(one_px0) or not len(other_px0):
        return np.nan
    import ot  # takes two seconds, and brings torch along where that is installed
    from scipy.spatial.distance import cdist

    grain_px0 = _grain_px0(one_px0, other_px0, side_px0)
    (weights, places_px0), (others, there_px0) = (_gathered(each, grain_px0) for each in (one_px0, other_px0))
    return float(ot.emd2(weights, others, cdist(places_px0, there_px0), numItermax=MOST_PIVOTS, center_dual=False))


def _grain_px0(one_px0: Points, other_px0: Points, side_px0: int) -> int:
    """Return the side of the smallest cells, whole tiles wide, so that no set lies in more than `MOST_CELLS`."""

    def few_cells(tiles_per_side: int) -> bool:
        grain_px0 = tiles_per_side * side_px0
        return all(np.count_nonzero(_counts(each, grain_px0)) <= MOST_CELLS for each in (one_px0, other_px0))

    least = max(1, ceil(sqrt(max(len(one_px0), len(other_px0)) / MOST_CELLS)))
    most = max(int(each.max(initial=0)) for each in (one_px0, other_px0)) // side_px0 + 1  # one cell holds all
    return side_px0 * (least + bisect_left(range(least, max(least, most)), True, key=few_cells))


def _gathered(xy_px0: Points, grain_px0: int) -> tuple[Floats, Floats]:
    """Return the share of the tiles that each cell holds (cells,) and the mean of their corners (cells, 2)."""
    cell, counts = _cells(xy_px0, grain_px0), _counts(xy_px0, grain_px0)
    held = np.flatnonzero(counts)
    sums_px0 = np.stack([np.bincount(cell, weights=along)[held] for along in xy_px0.T], axis=1)
    return counts[held] / len(xy_px0), sums_px0 / counts[held, None]


def _counts(xy_px0: Points, grain_px0: int) -> NDArray[np.int64]:
    """Return how many tiles each cell holds."""
    counts: NDArray[np.int64] = np.bincount(_cells(xy_px0, grain_px0))
    return counts


def _cells(xy_px0: Points, grain_px0: int) -> NDArray[np.int64]:
    """Return a number for the cell that each tile lies in, cells being laid from the slide's corner."""
    col, row = (xy_px0 // grain_px0).T
    numbers: NDArray[np.int64] = row * (col.max(initial=0) + 1) + col
    return numbers
