"""How far the mask stages attend to different tissue: every pair is compared with chance."""

from collections.abc import Generator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.explain.chance.ranks import FEWEST_TILES, correlation, unit_ranks
from msm_mil_core.explain.chance.set_distance import measure_distance
from msm_mil_core.explain.chance.shuffled_ranks import shuffled_correlations
from msm_mil_core.explain.comparison_options import CompareOptions
from msm_mil_core.explain.coverage import CoverageStep, coverage
from msm_mil_core.explain.selections.selection import Chosen, top_tiles
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.progress import Progress
from msm_mil_core.slides.tiling.tiles import TileGrid

CHANCE_PERCENT = (2.5, 97.5)

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

    def correlation(self) -> float:
        """Return the rank correlation."""
        return correlation(self.ranks_of_one, self.ranks_of_other)

    def correlations_by_chance(self, draws: int, rng: np.random.Generator) -> Floats:
        """Return the rank correlation (draws,) with one stage attending to the tiles in random order."""
        if len(self.ranks_of_one) < FEWEST_TILES:
            return np.full(draws, np.nan)
        return shuffled_correlations(self.ranks_of_one, self.ranks_of_other, draws, rng)


@dataclass(frozen=True, slots=True, eq=False)
class _PlacedSet:
    """Some tiles, and where they lie."""

    chosen: Chosen
    xy_px0: Points

    @classmethod
    def of(cls, numbers: Points, tiles: TileGrid) -> "_PlacedSet":
        """Look up the places once for all pairs."""
        chosen = np.zeros(len(tiles), bool)
        chosen[numbers] = True
        return cls(chosen, tiles.xy_px0[numbers])

    def overlap(self, other: "_PlacedSet") -> float:
        """Return the Jaccard index; NaN where a set is empty."""
        sizes, both = (len(self.xy_px0), len(other.xy_px0)), np.count_nonzero(self.chosen & other.chosen)
        return float(both / (sum(sizes) - both)) if all(sizes) else np.nan


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What a stage looks at, and what it might."""

    shown: Points
    """The numbers of the tiles that it was shown."""
    top: _PlacedSet

    @classmethod
    def of(cls, attention: NDArray[np.float32], top_percent: float, tiles: TileGrid) -> "_Look":
        """Find the top tiles."""
        top = np.flatnonzero(top_tiles(attention, top_percent))
        return cls(np.flatnonzero(np.isfinite(attention)), _PlacedSet.of(top, tiles))

    def random_claim(self, tiles: TileGrid, rng: np.random.Generator) -> _PlacedSet:
        """Draw as many tiles as the top has from those that were shown."""
        return _PlacedSet.of(rng.choice(self.shown, len(self.top.xy_px0), replace=False, shuffle=False), tiles)


def compare_stages(
    prediction: Prediction, tiles: TileGrid, mpp: float | None, options: CompareOptions
) -> Generator[Progress, None, StageComparison]:
    """Compare every pair of stages by their top tiles and their attention, and measure what each stage adds.

    Chance is random claims: for each stage as many tiles as its top has, drawn from the tiles that it was shown. With
    masks at inference a later stage cannot have what earlier ones claimed: that such claims do not overlap
    is by construction, and no evidence of diverse patterns, however little they overlap compared with chance.

    The distance is the earth mover's (Rubner et al. 2000) between the two sets; large ones are gathered in cells,
    random claims by the same rule, so that both are measured alike.

    Parameters
    ----------
    prediction, tiles
        The attention (N,) of each stage, and where the N tiles lie, in level-0 pixels.
    mpp
        Micrometres per level-0 pixel of the slide; None if unknown: distances in micrometres are NaN then.
    options
        Which share of its tiles is a stage's top, and how many random claims are drawn.
    """
    rng, stages = np.random.default_rng(options.seed), prediction.stages
    looks = [_Look.of(stage.attention, options.top_percent, tiles) for stage in stages]
    pairs = [_pair(prediction, one, other) for one, other in combinations(range(len(looks)), 2)]
    drawn = []
    for draw in range(options.draws if pairs else 0):
        yield Progress("Comparing stages with chance", draw, options.draws, "draws")
        claims = [look.random_claim(tiles, rng) for look in looks]
        drawn.append([_set_figures(claims[pair.one], claims[pair.other], tiles) for pair in pairs])
    yield Progress("Comparing stages with chance", options.draws, options.draws, "draws")
    by_chance = [
        np.column_stack([np.array(drawn)[:, index], pair.correlations_by_chance(options.draws, rng)])
        for index, pair in enumerate(pairs)
    ]
    return StageComparison(
        options=options,
        pairs=tuple(_compared(pair, looks, tiles, mpp, chance) for pair, chance in zip(pairs, by_chance, strict=True)),
        coverage=coverage(prediction, tiles, mpp, options.top_percent),
    )


def _pair(prediction: Prediction, one: int, other: int) -> _Pair:
    attention, others = prediction.stages[one].attention, prediction.stages[other].attention
    both = np.isfinite(attention) & np.isfinite(others)
    return _Pair(one, other, unit_ranks(attention[both]), unit_ranks(others[both]))


def _set_figures(one: _PlacedSet, other: _PlacedSet, tiles: TileGrid) -> tuple[float, float]:
    return one.overlap(other), measure_distance(one.xy_px0, other.xy_px0, tiles.side_px0).distance_px0


def _compared(pair: _Pair, looks: list[_Look], tiles: TileGrid, mpp: float | None, by_chance: Floats) -> StagePair:
    one, other = looks[pair.one].top, looks[pair.other].top
    distance = measure_distance(one.xy_px0, other.xy_px0, tiles.side_px0)
    overlaps, distances_px0, correlations = by_chance.T
    return StagePair(
        one=pair.one,
        other=pair.other,
        overlap=one.overlap(other),
        overlap_by_chance=float(overlaps.mean()),
        overlap_chance_range=_range(overlaps),
        rank_correlation=pair.correlation(),
        rank_correlation_chance_range=_range(correlations),
        distance_px0=distance.distance_px0,
        distance_px0_by_chance=float(distances_px0.mean()),
        distance_px0_chance_range=_range(distances_px0),
        grain_px0=distance.grain_px0,
        mpp=np.nan if mpp is None else mpp,
    )


def _range(drawn: Floats) -> Range:
    low, high = np.percentile(drawn, CHANCE_PERCENT)
    return float(low), float(high)
