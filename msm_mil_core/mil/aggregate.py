"""From what a model computed of each tile to its prediction for any part of the bag.

Letters: N tiles, S stages, C classes, F width of the fusion net.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from msm_mil_core.mil.claims import Chosen, Indices, claim, masked_softmax
from msm_mil_core.mil.prediction import Prediction, StageAttention, TileEvidence
from msm_mil_core.mil.tile_outputs import Array, TileOutputs

LEAST_TOTAL = 1e-10
"""What is raised once for the whole bag has too few digits where all that is left together is less than this."""


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What one stage sees of the bag."""

    claimed: Indices
    weights: Array
    """(N,), attention before it is divided by its sum; 0 where nothing is shown."""
    total: np.float32
    """Their sum; 0 for a stage that is shown nothing."""
    gaps: Array
    """(N,), NaN for tiles that the stage is not shown, else 0; changed for the next stage."""


def aggregate(tile_outputs: TileOutputs, kept: Chosen | None = None) -> Prediction:
    """Predict a bag of the kept tiles (N,) alone, exactly as a run on just those would.

    Masks are recomputed. All arrays are over all N tiles: attention is NaN, evidence 0 where a tile is not kept.

    Raises
    ------
    ValueError
        If no tile is kept.
    """
    pooled, attention = _Pooled(tile_outputs), np.empty_like(tile_outputs.scores)
    claimed = np.zeros(attention.shape, bool)
    for stage, look in enumerate(_looks(tile_outputs, _kept(tile_outputs, kept), attention)):
        pooled.add(stage, look)
        claimed[stage, look.claimed] = True
        attention[stage] /= look.total or np.float32(1)
        attention[stage] += look.gaps
    if tile_outputs.options.maps == "classes":
        claimed &= np.nan_to_num(attention).argmax(axis=0) == np.arange(len(attention))[:, None]
    beta = pooled.beta()
    logits = pooled.logits(beta)
    evidence = _evidence(tile_outputs, attention, beta)
    return Prediction(
        classes=tile_outputs.classes,
        logits=logits,
        probabilities=probabilities_of(logits),
        stages=tuple(
            StageAttention(*parts)
            for parts in zip(attention, claimed, beta.tolist(), pooled.stage_logits, evidence, strict=True)
        ),
        maps=tile_outputs.options.maps,
        masks_applied=tile_outputs.masks_applied,
        bias=tile_outputs.bias,
        negative=tile_outputs.negative,
    )


def aggregate_probabilities(tile_outputs: TileOutputs, kept: Chosen | None = None) -> Array:
    """Return the probabilities (C,) alone of what `aggregate` predicts: faster, for long series of questions.

    Raises
    ------
    ValueError
        If no tile is kept.
    """
    pooled, row = _Pooled(tile_outputs), np.empty(len(tile_outputs), np.float32)
    for stage, look in enumerate(_looks(tile_outputs, _kept(tile_outputs, kept), repeat(row))):
        pooled.add_shares(stage, look)
    return probabilities_of(pooled.logits(pooled.beta()))


def probabilities_of(logits: Array) -> Array:
    """Return the softmax (C,) of logits (C,), computed in float64."""
    from scipy.special import softmax  # here: a result that is only opened does not need it

    probabilities: Array = softmax(logits.astype(np.float64)).astype(np.float32)
    return probabilities


def _evidence(tile_outputs: TileOutputs, attention: Array, beta: Array) -> list[TileEvidence]:
    """Return each stage's; a class's own map adds to its class alone, in full."""
    if tile_outputs.options.maps == "classes":
        return [TileEvidence(*parts) for parts in zip(attention, repeat(1.0), tile_outputs.stage_tile_logits)]
    return [TileEvidence(*parts, tile_outputs.tile_logits) for parts in zip(attention, beta.tolist(), strict=True)]


def _kept(tile_outputs: TileOutputs, kept: Chosen | None) -> Chosen:
    if kept is None:
        return np.ones(len(tile_outputs), bool)
    if not kept.any():
        raise ValueError("There is no prediction for an empty bag: at least one tile must be kept.")
    return kept


def _looks(tile_outputs: TileOutputs, kept: Chosen, rows: Iterable[Array]) -> Iterator[_Look]:
    """Let one stage after the other look at the kept tiles (N,); each writes its weights into a row (N,)."""
    left, tiles = kept.copy(), int(np.count_nonzero(kept))
    shown = kept.astype(np.float32)
    gaps = _gaps(shown)
    for stage, weights in zip(range(len(tile_outputs.scores)), rows, strict=False):
        claimed = claim(tile_outputs, stage, left, tiles)
        yield _Look(claimed, weights, _weigh(tile_outputs, stage, shown, weights), gaps)
        if tile_outputs.options.maps == "classes":
            continue  # no map goes before another
        left[claimed] = False
        if tile_outputs.masks_applied:
            shown[claimed], gaps[claimed] = 0, np.nan


def _gaps(shown: Array) -> Array:
    with np.errstate(invalid="ignore"):
        return np.float32(0) / shown  # 0 / 0 is NaN: many times faster than to choose


def _weigh(tile_outputs: TileOutputs, stage: int, shown: Array, weights: Array) -> np.float32:
    np.multiply(tile_outputs.prepared.raised[stage], shown, out=weights)
    total: np.float32 = weights.sum()
    if total < LEAST_TOTAL:
        weights[:] = masked_softmax(shown > 0, tile_outputs.scores[stage])
        total = weights.sum()
    return total


class _Pooled:
    """What the stages pool, added stage by stage."""

    def __init__(self, tile_outputs: TileOutputs) -> None:
        S, C = tile_outputs.stage_bias.shape
        self._outputs = tile_outputs
        self._shares = np.zeros((S, tile_outputs.prepared.linear.shape[0]), np.float32)  # (S, C + F)
        self._active = np.zeros(S, bool)
        self.stage_logits = np.full((S, C), np.nan, np.float32)
        """(S, C), of the stages' own heads; NaN for a stage that is shown nothing."""

    def add(self, stage: int, look: _Look) -> None:
        """Add all that a stage pools."""
        self.add_shares(stage, look)
        if self._active[stage]:
            pooled = self._outputs.prepared.stage_linear[stage] @ look.weights / look.total
            self.stage_logits[stage] = pooled + self._outputs.stage_bias[stage]

    def add_shares(self, stage: int, look: _Look) -> None:
        """Add what a stage pools for the model's answer alone."""
        if look.total > 0:
            self._active[stage] = True
            prepared, of_class = self._outputs.prepared, self._outputs.options.maps == "classes"
            linear = prepared.stage_linear[stage] if of_class else prepared.linear
            self._shares[stage] = linear @ look.weights / look.total

    def beta(self) -> Array:
        """Return the weights (S,) of the stages."""
        fusion, active = self._outputs.fusion, self._active
        if fusion is None:
            return active.astype(np.float32) / np.float32(active.sum())
        inner = self._shares[:, -len(fusion.outer) :] + fusion.inner_bias  # (S, F)
        activated = np.maximum(inner, 0) if self._outputs.options.fusion_activation == "relu" else np.tanh(inner)
        return masked_softmax(active, activated @ fusion.outer)

    def logits(self, beta: Array) -> Array:
        """Return the logits (C,) of the model, for the weights of the stages."""
        if self._outputs.options.maps == "classes":
            added: Array = self._outputs.bias + self._shares.sum(axis=0)
            return added
        logits: Array = self._outputs.bias + beta @ self._shares[:, : len(self._outputs.bias)]
        return logits
