"""What a mask stage is for: whether the tiles it attends to argue for a class, against it, or are context.

What a tile argues is what the model would say were all attention on it, as log-odds: unlike single logits these can be
compared between tiles, however many classes there are. Whether a stage's tiles say it more than others is judged by
random sets of as many, and what they are worth by taking them away.
"""

from dataclasses import dataclass
from math import isclose, isnan, nan
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.chance.random_sets import random_means
from msm_mil_core.explain.selections.selection import Chosen
from msm_mil_core.explain.selections.wanted_tiles import are_same, only_leftovers, wanted_tiles
from msm_mil_core.explain.stage_comparison import CHANCE_PERCENT
from msm_mil_core.mil.aggregate import aggregate_probabilities
from msm_mil_core.mil.prediction import Prediction, StageAttention, check_index
from msm_mil_core.mil.tile_outputs import TileOutputs
from msm_mil_core.options import Options

RoleKind: TypeAlias = Literal["for", "against", "context"]
Floats: TypeAlias = NDArray[np.float64]

REFINED = (
    "In its model (preset paper) tiles change each other, so no role can be given to a stage. Run the slide with a "
    "model without a refinement block (presets default and explain)."
)
OLD = (
    "This result was written by an older version or another program, without what the model computed of each tile, so "
    "no role can be given to a stage. Run the slide again."
)


class RoleOptions(Options):
    """How chance is drawn."""

    draws: int = Field(default=1000, ge=40, le=100_000)
    """Random sets of as many tiles as the stage attends to."""
    seed: int = Field(default=0, ge=0)
    """The same seed draws the same chance."""


@dataclass(frozen=True, slots=True)
class StageRole:
    """What one stage is for in the prediction of one class."""

    stage: int
    """Counted from 0."""
    class_index: int
    """The class asked about."""
    kind: RoleKind | None
    """None if the stage attends to no tile, or to all that it was shown, so that chance has nothing else to draw."""
    tiles: int
    """How many tiles it attends to: those it claims, or all that it was shown if it scores them all alike."""
    evidence: float
    """Mean over these tiles of the log-odds of the class that the model would give were all attention on one of them;
    NaN without tiles."""
    low: float
    """With `high` 95 % of the same for random sets of as many of the tiles that it was shown; NaN without tiles."""
    high: float
    probability: float
    """Of the class, for the whole bag."""
    without: float
    """Of the class, without these tiles (masks are recomputed); NaN if no tile is left."""
    instead: str | None
    """Of three or more classes, the one that the model would give were all attention spread evenly over these tiles, if
    it is another than the one asked about."""
    only_leftovers: bool
    """Whether earlier stages hid from it most of what it would attend to."""
    adds_nothing: bool
    """Whether it would attend to the same tiles as an earlier stage were neither hidden anything."""
    same_as: int | None
    """That earlier stage, counted from 0."""

    def short(self, class_name: str) -> str:
        """Return the role in a word or two, to follow the name of the stage."""
        if self.kind is None:
            return "no role"
        return self.kind if self.kind == "context" else f"{self.kind} {class_name}"

    @property
    def marks(self) -> tuple[str, ...]:
        """What else is to be known of the stage at a glance, in few words each."""
        marks = {"shown only leftovers": self.only_leftovers, "adds nothing here": self.adds_nothing}
        return tuple(mark for mark, due in marks.items() if due)

    def sentence(self, class_name: str) -> str:
        """Return what the stage attends to, what that is worth, and what limits it, in plain words."""
        sentences = [f"Stage {self.stage + 1} {self._does(class_name)}."]
        if self.instead is not None:
            sentences.append(f"Alone {'it says' if self.tiles == 1 else 'they say'} {self.instead}.")
        if self.only_leftovers:
            sentences.append("It was shown only what stages before it had left.")
        if self.same_as is not None:
            sentences.append(f"It adds nothing here: it wants the same tiles as stage {self.same_as + 1}.")
        return " ".join(sentences)

    def _does(self, class_name: str) -> str:
        one = self.tiles == 1
        if not self.tiles:
            return "claims no tile of this slide: too few were left for it"
        if self.kind is None:
            every = "the one tile" if one else f"all {self.tiles:,} tiles"
            untold = f"looks at {every} that it was shown, so its role cannot be told"
            return untold if isnan(self.without) else f"{untold}; {self._necessity()}"
        argues, way = "argues" if one else "argue", "against" if self.evidence < 0 else "for"
        what = {
            "for": f"{argues} {'weakly ' if self.evidence < 0 else ''}for {class_name}",
            "against": f"{argues} against {class_name}",
            "context": f"{argues} {way} {class_name} no more than others do (context)",
        }
        return f"looks at {self.tiles:,} tile{'' if one else 's'} that {what[self.kind]}; {self._necessity()}"

    def _necessity(self) -> str:
        them = "it" if self.tiles == 1 else "them"
        return f"without {them} {self.probability:.2f} → {self.without:.2f}"


def stage_roles(
    prediction: Prediction, tile_outputs: TileOutputs | None, class_index: int, options: RoleOptions | None = None
) -> tuple[StageRole, ...]:
    """Return the role of each stage in the prediction of a class.

    Its tiles argue for the class if they do so more than chance; against it if they do so less than chance and would
    not give the class themselves. All others are context: what argues for the class less than other tiles is no
    argument against it.

    Parameters
    ----------
    prediction, tile_outputs
        Of one bag of N tiles: the attention and claims of each stage, and what the model computed of each tile. The
        prediction may be that of a question's remaining tiles.
    class_index
        The class asked about, usually that of the answer.
    options
        How chance is drawn; None for the defaults.

    Raises
    ------
    QuestionError
        If there are no tile outputs; it says why.
    ValueError
        If there is no such class.
    """
    check_index("class", class_index, len(prediction.classes))
    if tile_outputs is None:
        raise QuestionError(OLD if prediction.bias is not None else REFINED)
    bag = _bag(prediction, tile_outputs, class_index)
    log_odds, chosen = bag.log_odds(), options or RoleOptions()
    beside_chance = [_beside_chance(log_odds, *sets, chosen) for sets in zip(bag.attended, bag.shown, strict=True)]
    return tuple(_role(bag, stage, figures) for stage, figures in enumerate(beside_chance))


@dataclass(frozen=True, slots=True, eq=False)
class _Bag:
    """What roles are told from."""

    prediction: Prediction
    tile_outputs: TileOutputs
    class_index: int
    kept: Chosen
    """(N,), the tiles of the prediction."""
    shown: Chosen
    """(S, N)."""
    attended: Chosen
    """(S, N)."""

    def logits(self) -> Floats:
        """Return the model's logits (N, C) were all attention on one tile."""
        return (self.tile_outputs.tile_logits + self.tile_outputs.bias).astype(np.float64)

    def log_odds(self) -> Floats:
        """Return the log-odds of the class for each tile (N,), were all attention on it."""
        from scipy.special import logsumexp  # here: a result that is only opened does not need it

        logits = self.logits()
        log_odds: Floats = logits[:, self.class_index] - logsumexp(np.delete(logits, self.class_index, 1), axis=1)
        return log_odds

    def without(self, tiles: Chosen) -> float:
        """Return the probability of the class without some tiles (N,)."""
        left = self.kept & ~tiles
        return float(aggregate_probabilities(self.tile_outputs, left)[self.class_index]) if left.any() else nan


def _bag(prediction: Prediction, tile_outputs: TileOutputs, class_index: int) -> _Bag:
    shown = np.isfinite([stage.attention for stage in prediction.stages])
    pairs = zip(prediction.stages, shown, tile_outputs.scores, strict=True)
    attended = np.stack([_attended(stage, seen, scores[seen]) for stage, seen, scores in pairs])
    return _Bag(prediction, tile_outputs, class_index, np.logical_or.reduce(shown), shown, attended)


def _attended(stage: StageAttention, shown: Chosen, scores: NDArray[np.float32]) -> Chosen:
    all_alike = len(scores) > 0 and scores.min() == scores.max()
    return shown if all_alike else stage.claimed


def _role(bag: _Bag, stage: int, chance: tuple[float, float, float]) -> StageRole:
    (evidence, low, high), attended = chance, bag.attended[stage]
    all_or_none = attended.sum() in (0, bag.shown[stage].sum())
    same_as = _same_as(bag, stage)
    return StageRole(
        stage=stage,
        class_index=bag.class_index,
        kind=None if all_or_none else _kind(evidence, low, high),
        tiles=int(attended.sum()),
        evidence=evidence,
        low=low,
        high=high,
        probability=float(bag.prediction.probabilities[bag.class_index]),
        without=bag.without(attended),
        instead=_instead(bag, attended),
        only_leftovers=only_leftovers(bag.tile_outputs.scores[stage], bag.kept, bag.shown[stage]),
        adds_nothing=same_as is not None,
        same_as=same_as,
    )


def _instead(bag: _Bag, attended: Chosen) -> str | None:
    classes = bag.prediction.classes
    if len(classes) < 3 or not attended.any():
        return None
    alone = int(bag.logits()[attended].mean(axis=0).argmax())
    return None if alone == bag.class_index else classes[alone]


def _kind(evidence: float, low: float, high: float) -> RoleKind:
    if isclose(evidence, low) or isclose(evidence, high):
        return "context"
    if evidence > high:
        return "for"
    return "against" if evidence < min(0, low) else "context"


def _beside_chance(
    log_odds: Floats, attended: Chosen, shown: Chosen, options: RoleOptions
) -> tuple[float, float, float]:
    if not attended.any():
        return nan, nan, nan
    rng = np.random.default_rng(options.seed)
    by_chance = random_means(log_odds[shown], int(attended.sum()), options.draws, rng)
    low, high = np.percentile(by_chance, CHANCE_PERCENT)
    return float(log_odds[attended].mean()), float(low), float(high)


def _same_as(bag: _Bag, stage: int) -> int | None:
    """Return the first earlier stage that wants the same tiles."""
    own, tiles = _wanted(bag, stage), int(bag.kept.sum())
    return next((other for other in range(stage) if are_same(own, _wanted(bag, other), tiles)), None)


def _wanted(bag: _Bag, stage: int) -> Chosen:
    return wanted_tiles(bag.tile_outputs.scores[stage], bag.kept, int(bag.attended[stage].sum()))
