"""Whether the tiles a stage attends to matter: deletion and insertion curves, necessity and sufficiency.

Deletion and insertion: Petsiuk et al. 2018, arXiv 1806.07421. Tiles are removed from the bag, never set to zero, and
masks are recomputed each time, so that every point of a curve is a prediction of the model.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.explain.examination_options import FaithfulnessOptions
from msm_mil_core.explain.selections.selection import Chosen
from msm_mil_core.explain.tile_values import fused_attention
from msm_mil_core.mil.aggregate import aggregate, aggregate_probabilities
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.mil.tile_outputs import TileOutputs
from msm_mil_core.progress import Progress

Floats: TypeAlias = NDArray[np.float64]
Order: TypeAlias = NDArray[np.int64]

STEP = "Removing tiles"
DENSER = 2.0
"""Points are denser at the beginning, where curves bend: shares are raised to this power."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Probability of the answer while tiles are taken away or added, in one order or on average over several.

    There is no prediction for an empty bag: deletion ends, and insertion begins, with one tile.
    """

    stage: int | None
    """Whose attention gives the order, counted from 0; None for all stages together, or for random orders."""
    deletion: Floats
    """(points,), after the first tiles of the order were removed."""
    insertion: Floats
    """(points,), with the first tiles of the order alone."""
    deletion_sd: Floats
    """(points,), over the random orders; 0 for a single order."""
    insertion_sd: Floats
    """(points,)."""
    deletion_area_sd: float
    """Of the area under the curve, over the random orders; 0 for a single order."""
    insertion_area_sd: float


@dataclass(frozen=True, slots=True)
class StageEffect:
    """The prediction without the tiles that a stage claims, and with them alone; NaN where that leaves no tile."""

    stage: int
    """Counted from 0."""
    tiles: int
    """How many tiles it claims."""
    without: float
    """Probability of the answer without them: low if they are necessary."""
    without_random: float
    """Mean over random sets of as many tiles."""
    without_random_sd: float
    alone: float
    """Probability of the answer with them alone: high if they are sufficient."""
    alone_random: float
    alone_random_sd: float


@dataclass(frozen=True, slots=True, eq=False)
class Faithfulness:
    """The findings for one bag."""

    answer: str
    """The class that the model chose."""
    before: float
    """Its probability for the whole bag."""
    shares: Floats
    """(points,), of the tiles that are removed or added, ascending."""
    curves: tuple[Curve, ...]
    """One for each stage, then that of all stages together."""
    random: Curve
    effects: tuple[StageEffect, ...]
    """One for each stage."""

    def __repr__(self) -> str:
        return f"<Faithfulness of P({self.answer}) = {self.before:.3f}: {len(self.effects)} stages>"

    def deletion_area(self, curve: Curve) -> float:
        """Return the area under a deletion curve: the smaller, the more the first tiles matter."""
        return float(_areas(curve.deletion, self.shares))

    def insertion_area(self, curve: Curve) -> float:
        """Return the area under an insertion curve: the larger, the more the first tiles suffice."""
        return float(_areas(curve.insertion, self.shares))

    @property
    def areas_summary(self) -> str:
        """The areas under the curves beside those of random orders; one line an order."""
        heading = "Area under the curves, tiles removed (low: they matter) and added (high: they suffice)"
        return "\n".join([heading, *map(self._areas, (*self.curves, self.random))])

    def _areas(self, curve: Curve) -> str:
        name = "all stages" if curve.stage is None else f"Stage {curve.stage + 1}"
        name = "random" if curve is self.random else name
        return f"{name}: {self.deletion_area(curve):.2f} and {self.insertion_area(curve):.2f}"

    @property
    def sentences(self) -> tuple[str, ...]:
        """The effect of each stage's tiles, in plain words."""
        return tuple(effect_sentence(effect, self.answer, self.before) for effect in self.effects)


def measure_faithfulness(
    tile_outputs: TileOutputs, options: FaithfulnessOptions
) -> Generator[Progress, None, Faithfulness]:
    """Remove and add tiles in the order of each stage's attention, and at random."""
    whole, rng = aggregate(tile_outputs), np.random.default_rng(options.seed)
    model = _Model(tile_outputs, int(whole.probabilities.argmax()))
    counts = _counts(len(tile_outputs), options.points)
    orders = [_order(stage.attention) for stage in whole.stages] + [_order(fused_attention(whole))]
    random = [rng.permutation(len(tile_outputs)) for _ in range(options.draws)]
    rows = []
    for done, order in enumerate([*orders, *random]):
        yield Progress(STEP, done, len(orders) + len(random) + len(whole.stages), "rows of questions")
        rows.append((model.deletion(order, counts), model.insertion(order, counts)))
    shares, named = counts / len(tile_outputs), [*range(len(whole.stages)), None]
    effects = []
    for stage in range(len(whole.stages)):
        yield Progress(STEP, len(rows) + stage, len(rows) + len(whole.stages), "rows of questions")
        effects.append(_effect(model, whole, stage, random))
    return Faithfulness(
        answer=whole.winner,
        before=float(whole.probabilities.max()),
        shares=shares,
        curves=tuple(_curve(stage, [row], shares) for stage, row in zip(named, rows[: len(orders)], strict=True)),
        random=_curve(None, rows[len(orders) :], shares),
        effects=tuple(effects),
    )


def effect_sentence(effect: StageEffect, answer: str, before: float) -> str:
    """Return one sentence on removing a stage's tiles, and on them alone, beside random tiles."""
    name = f"stage {effect.stage + 1}"
    if not effect.tiles:
        return f"{name[:1].upper()}{name[1:]} claims no tile of this slide, so there is nothing to remove."
    tiles = "the one tile" if effect.tiles == 1 else f"the {effect.tiles:,} tiles"
    others = "1 random tile" if effect.tiles == 1 else f"{effect.tiles:,} random tiles"
    chance = _mean_sd(effect.alone_random, effect.alone_random_sd)
    alone = f"Alone they give {effect.alone:.2f}; {others} alone: {chance}."
    if np.isnan(effect.without):
        return f"{name[:1].upper()}{name[1:]} claims every tile, so nothing is left without them. {alone}"
    moved = f"{_verb(before, effect.without)} P({answer}) {_way(before, effect.without)}"
    random = _mean_sd(effect.without_random, effect.without_random_sd)
    return f"Removing {tiles} of {name} {moved}; removing {others}: {random}. {alone}"


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """The probability of one class, for any part of the bag."""

    tile_outputs: TileOutputs
    class_index: int

    def of(self, kept: Chosen) -> float:
        return float(aggregate_probabilities(self.tile_outputs, kept)[self.class_index]) if kept.any() else float("nan")

    def deletion(self, order: Order, counts: Order) -> Floats:
        return np.array([self.of(~_first(order, min(count, len(order) - 1))) for count in counts.tolist()])

    def insertion(self, order: Order, counts: Order) -> Floats:
        return np.array([self.of(_first(order, max(count, 1))) for count in counts.tolist()])


def _counts(tiles: int, points: int) -> Order:
    shares = np.linspace(0, 1, points) ** DENSER
    return np.unique(np.rint(shares * tiles).astype(np.int64))


def _order(attention: NDArray[np.float32]) -> Order:
    return np.argsort(-attention, kind="stable")  # NaN, which was not shown, is last


def _first(order: Order, count: int) -> Chosen:
    chosen = np.zeros(len(order), bool)
    chosen[order[:count]] = True
    return chosen


def _curve(stage: int | None, rows: list[tuple[Floats, Floats]], shares: Floats) -> Curve:
    deletion, insertion = (np.stack([row[side] for row in rows]) for side in (0, 1))  # (orders, points)
    return Curve(
        stage=stage,
        deletion=deletion.mean(axis=0),
        insertion=insertion.mean(axis=0),
        deletion_sd=deletion.std(axis=0),
        insertion_sd=insertion.std(axis=0),
        deletion_area_sd=float(_areas(deletion, shares).std()),
        insertion_area_sd=float(_areas(insertion, shares).std()),
    )


def _areas(values: Floats, shares: Floats) -> Floats:
    """Return the area under each curve (…, points)."""
    from scipy.integrate import trapezoid  # slow to import

    areas: Floats = trapezoid(values, shares)
    return areas


def _effect(model: _Model, whole: Prediction, stage: int, random: list[Order]) -> StageEffect:
    claimed = whole.stages[stage].claimed
    count = int(claimed.sum())
    drawn = [_first(order, count) for order in random]
    without, alone = ([model.of(tiles) for tiles in side] for side in ([~tiles for tiles in drawn], drawn))
    return StageEffect(
        stage=stage,
        tiles=count,
        without=model.of(~claimed),
        without_random=float(np.mean(without)),
        without_random_sd=float(np.std(without)),
        alone=model.of(claimed),
        alone_random=float(np.mean(alone)),
        alone_random_sd=float(np.std(alone)),
    )


def _verb(before: float, after: float) -> str:
    if f"{before:.2f}" == f"{after:.2f}":
        return "leaves"
    return "lowers" if after < before else "raises"


def _way(before: float, after: float) -> str:
    return f"at {before:.2f}" if f"{before:.2f}" == f"{after:.2f}" else f"from {before:.2f} to {after:.2f}"


def _mean_sd(mean: float, sd: float) -> str:
    return f"{mean:.2f} ± {sd:.2f}"
