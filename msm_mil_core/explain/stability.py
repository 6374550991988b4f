"""How far the maps depend on which tiles are present: the same bag, repeatedly, with tiles missing."""

from collections.abc import Generator
from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.explain.chance.ranks import rank_correlation, ranks
from msm_mil_core.explain.examination_options import StabilityOptions
from msm_mil_core.mil.aggregate import aggregate
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.mil.tile_outputs import TileOutputs
from msm_mil_core.progress import Progress


@dataclass(frozen=True, slots=True)
class StageStability:
    """How far one stage agrees with itself on the whole bag."""

    stage: int
    """Counted from 0."""
    rank_correlation: float
    """Spearman's, with the whole bag, over the tiles shown in both; mean over the runs. 1 is perfectly stable."""
    same_claims: float
    """Overlap (Jaccard) of the claimed tiles with those of the whole bag that are present; mean over the runs.

    Where a stage claims a fixed number, the next tiles in order take the places of missing ones: even if the order
    never changes it is then about 1 less the share dropped for the first stage, and lower for those after it.
    """


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """The findings for one bag."""

    options: StabilityOptions
    spread: NDArray[np.float32]
    """(S, N), standard deviation of a tile's rank over the runs in which it was shown; NaN for fewer than two."""
    stages: tuple[StageStability, ...]
    answer: str
    """The class that the model chose."""
    probability: float
    """Its mean probability over the runs."""
    probability_sd: float

    def __repr__(self) -> str:
        return f"<Stability: {self}>"

    def __str__(self) -> str:
        runs, missing = self.options.runs, f"{100 * self.options.dropped:.0f} %"
        return (
            f"Over {runs} runs with {missing} of the tiles missing, P({self.answer}) is "
            f"{self.probability:.2f} ± {self.probability_sd:.2f}."
        )


def measure_stability(tile_outputs: TileOutputs, options: StabilityOptions) -> Generator[Progress, None, Stability]:
    """Run the bag repeatedly with tiles dropped at random."""
    whole, rng = aggregate(tile_outputs), np.random.default_rng(options.seed)
    left = max(1, round(len(tile_outputs) * (1 - options.dropped)))
    runs, kept = [], np.zeros((options.runs, len(tile_outputs)), bool)
    for run in range(options.runs):
        yield Progress("Dropping tiles", run, options.runs, "runs")
        kept[run, rng.permutation(len(tile_outputs))[:left]] = True
        runs.append(aggregate(tile_outputs, kept[run]))
    answer = int(whole.probabilities.argmax())
    chances = [run.probabilities[answer] for run in runs]
    return Stability(
        options=options,
        spread=np.stack([_spread(runs, stage) for stage in range(len(whole.stages))]),
        stages=tuple(_stage(whole, runs, kept, stage) for stage in range(len(whole.stages))),
        answer=whole.winner,
        probability=float(np.mean(chances)),
        probability_sd=float(np.std(chances)),
    )


def _spread(runs: list[Prediction], stage: int) -> NDArray[np.float32]:
    ranked = np.stack([ranks(run.stages[stage].attention) for run in runs])  # (runs, N)
    seen = np.isfinite(ranked)
    count = seen.sum(axis=0)
    mean = np.where(seen, ranked, 0).sum(axis=0) / np.maximum(count, 1)
    variance = np.where(seen, (ranked - mean) ** 2, 0).sum(axis=0) / np.maximum(count, 1)
    return np.where(count > 1, np.sqrt(variance), np.nan).astype(np.float32)


def _stage(whole: Prediction, runs: list[Prediction], kept: NDArray[np.bool_], stage: int) -> StageStability:
    full = whole.stages[stage]
    correlations = [rank_correlation(full.attention, run.stages[stage].attention) for run in runs]
    claims = [_overlap(full.claimed & here, run.stages[stage].claimed) for run, here in zip(runs, kept, strict=True)]
    return StageStability(stage, _mean(correlations), _mean(claims))


def _overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    either = int((one | other).sum())
    return float((one & other).sum() / either) if either else float("nan")


def _mean(values: list[float]) -> float:
    defined = [value for value in values if not isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")
