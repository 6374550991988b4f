"""Several models, encoders, folds or seeds on one slide: where they look alike, and how far they spread, tile by tile.

Letters: N tiles of the first run, R runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.explain.chance.ranks import rank_correlation, ranks
from msm_mil_core.explain.models.alignment import Alignment, align
from msm_mil_core.explain.models.model_view import ModelView
from msm_mil_core.explain.selections.selection import top_tiles

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class AlignedModel:
    """One run on the tiles of the first one."""

    view: ModelView
    alignment: Alignment
    looked_at: str
    """Whose attention is compared, in words."""
    attention: Floats
    """(N,), NaN where the run has none; resampled where its tiles lie otherwise."""
    rank: Floats
    """(N,), of the attention among the tiles that have one, 0 to 1."""
    top: NDArray[np.bool_]
    """(N,), its top tiles."""

    @property
    def probability(self) -> float:
        """Of its own answer."""
        return float(self.view.prediction.probabilities.max())

    @property
    def grid(self) -> str:
        """Say how its tiles lie to those of the first run; empty if they are the same."""
        covered, of = int(self.alignment.covered.sum()), len(self.alignment.covered)
        if self.alignment.kind == "same":
            return ""
        if self.alignment.kind == "part":
            return f"{self.view.name} has {covered:,} of the {of:,} tiles; the others are left out."
        return (
            f"{self.view.name} was run on other tiles, of {self.view.tiles.side_px0} level-0 pixels: its values are "
            f"resampled by area to {covered:,} of the {of:,} tiles."
        )


@dataclass(frozen=True, slots=True)
class ModelPair:
    """Two runs, compared over the tiles that both have."""

    one: int
    other: int
    overlap: float
    """Jaccard of their top tiles; NaN if neither has any."""
    overlap_by_chance: float
    """The same for random sets of as many tiles, on average."""
    rank_correlation: float
    """Spearman's, of their attention."""


@dataclass(frozen=True, slots=True, eq=False)
class ModelComparison:
    """All runs of one slide, compared."""

    models: tuple[AlignedModel, ...]
    """The first is the one whose tiles the others are brought to."""
    pairs: tuple[ModelPair, ...]
    class_name: str
    """The answer of the first, to which the maps belong where each class has its own."""
    top_percent: float
    agreement: Floats
    """(N,), how many runs have the tile among their top tiles; NaN where no second run has it."""
    spread: Floats
    """(N,), standard deviation of the tile's rank over the runs that have it; NaN for fewer than two."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, in plain words."""
        return (*_answers(self), *filter(None, (model.grid for model in self.models)), *_agreement(self))


def compare_models(views: Sequence[ModelView], top_percent: float) -> ModelComparison:
    """Compare runs of one slide, on the tiles of the first.

    Of a model of stages it is the attention of all stages by their weight that is compared; where each class has its
    own map, that of the class that the first run answers.

    Raises
    ------
    ValueError
        If there are fewer than two runs.
    """
    if len(views) < 2:
        raise ValueError("there is nothing to compare with: give at least two runs")
    first = views[0]
    models = tuple(_aligned(view, first, top_percent) for view in views)
    known = np.stack([np.isfinite(model.rank) for model in models])  # (R, N)
    shared = known.sum(axis=0) > 1
    found = np.stack([model.top for model in models]).sum(axis=0)
    return ModelComparison(
        models=models,
        pairs=tuple(_pair(models, one, other) for one, other in combinations(range(len(models)), 2)),
        class_name=first.prediction.winner,
        top_percent=top_percent,
        agreement=np.where(shared, found, np.nan).astype(np.float32),
        spread=_spread(np.stack([model.rank for model in models]), shared),
    )


def _aligned(view: ModelView, first: ModelView, top_percent: float) -> AlignedModel:
    class_name = first.prediction.winner
    alignment = align(first.tiles, view.tiles)
    attention = alignment.bring(view.attention_for(class_name))
    return AlignedModel(
        view=view,
        alignment=alignment,
        looked_at=view.looked_at(class_name),
        attention=attention,
        rank=np.asarray(ranks(attention), np.float32),
        top=top_tiles(attention, top_percent),
    )


def _pair(models: Sequence[AlignedModel], one: int, other: int) -> ModelPair:
    first, second = models[one], models[other]
    both = np.isfinite(first.attention) & np.isfinite(second.attention)
    tops = first.top & both, second.top & both
    shared, tiles = int((tops[0] & tops[1]).sum()), int(both.sum())
    counts = int(tops[0].sum()), int(tops[1].sum())
    by_chance = counts[0] * counts[1] / tiles if tiles else 0.0
    return ModelPair(
        one=one,
        other=other,
        overlap=_jaccard(shared, sum(counts)),
        overlap_by_chance=_jaccard(by_chance, sum(counts)),
        rank_correlation=rank_correlation(
            np.where(both, first.attention, np.nan), np.where(both, second.attention, np.nan)
        ),
    )


def _jaccard(shared: float, both: int) -> float:
    return shared / (both - shared) if both else float("nan")


def _spread(rank: Floats, shared: NDArray[np.bool_]) -> Floats:
    spread = np.full(rank.shape[1], np.nan, np.float32)
    spread[shared] = np.nanstd(rank[:, shared], axis=0)
    return spread


def _answers(comparison: ModelComparison) -> tuple[str, ...]:
    said = [
        f"{model.view.name} says {model.view.prediction.winner} ({model.probability:.2f})"
        for model in comparison.models
    ]
    alike = len({model.view.prediction.winner for model in comparison.models}) == 1
    return (f"{'; '.join(said)}: {'the same answer' if alike else 'not the same answer'}.",)


def _agreement(comparison: ModelComparison) -> tuple[str, ...]:
    found, runs = comparison.agreement, len(comparison.models)
    known = int(np.isfinite(found).sum())
    if not known:
        return ("No tile is known to two of them, so nothing can be compared tile by tile.",)
    everyone, anyone = int((found == runs).sum()), int((found > 0).sum())
    together = "both" if runs == 2 else f"all {runs}"
    parts = [
        f"Of {known:,} tiles that they share, {anyone:,} are among the top {comparison.top_percent:g} % of at least "
        f"one, {everyone:,} of {together}."
    ]
    mean = float(np.nanmean(comparison.spread))
    if isfinite(mean):
        chance = f"chance: about {_chance_spread(runs):.2f}"
        parts.append(f"A tile's rank spreads by {mean:.2f} on average (0: the same order; {chance}).")
    return tuple(parts)


def _chance_spread(runs: int) -> float:
    """Return the mean standard deviation of so many ranks drawn evenly."""
    return float(np.random.default_rng(0).random((runs, 20_000)).std(axis=0).mean())
