"""From what is remembered of each tile to what the model says of any part of the bag."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.mil.model_options import ModelOptions
from msm_mil_core.mil.prediction import Prediction, StageAttention
from msm_mil_core.mil.tile_outputs import Array, StageWeigher, TileOutputs

Chosen = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """How the stages look at n of the tiles."""

    tiles: NDArray[np.int64]
    """(n,), which tiles."""
    attention: Array
    """(S, n), 0 where a stage is not shown a tile."""
    shown: Chosen
    """(S, n)."""
    claimed: Chosen
    """(S, n)."""
    beta: Array
    """(S,)."""


def aggregate(tile_outputs: TileOutputs, kept: Chosen | None = None) -> Prediction:
    """Say what the model says of a bag of the kept tiles (N,) alone: the same as if it were run on just those.

    Masks are worked out anew. All arrays are over all N tiles: attention is NaN, evidence 0 where a tile is not kept.

    Raises
    ------
    ValueError
        If no tile is kept.
    """
    look = _look(tile_outputs, kept)
    evidence = (look.beta[:, None] * look.attention)[..., None] * tile_outputs.tile_logits[look.tiles]  # (S, n, C)
    logits = (tile_outputs.bias + evidence.sum((0, 1), dtype=np.float64)).astype(np.float32)
    return Prediction(
        classes=tile_outputs.classes,
        logits=logits,
        probabilities=softmax(logits),
        stages=_stages(tile_outputs, look, evidence),
        masks_applied=tile_outputs.masks_applied,
        bias=tile_outputs.bias,
    )


def aggregate_probabilities(tile_outputs: TileOutputs, kept: Chosen | None = None) -> Array:
    """Say only how probable the classes (C,) are: as `aggregate` does, for long rows of questions.

    Raises
    ------
    ValueError
        If no tile is kept.
    """
    look = _look(tile_outputs, kept)
    pooled = look.attention @ tile_outputs.tile_logits[look.tiles]  # (S, C)
    return softmax(tile_outputs.bias + look.beta @ pooled)


def softmax(logits: Array) -> Array:
    """Turn logits (C,) into probabilities (C,)."""
    raised = np.exp(logits.astype(np.float64) - logits.max())
    probabilities: Array = (raised / raised.sum()).astype(np.float32)
    return probabilities


def _look(tile_outputs: TileOutputs, kept: Chosen | None) -> _Look:
    everything = kept is None or bool(kept.all())
    tiles = np.arange(len(tile_outputs)) if kept is None else np.flatnonzero(kept)
    if not len(tiles):
        raise ValueError("A model says nothing of no tiles: at least one must be kept.")
    scores = tile_outputs.scores if everything else tile_outputs.scores[:, tiles]  # (S, n)
    claimed = _claims(scores, tile_outputs.options)
    shown = _shown(claimed, masks_applied=tile_outputs.masks_applied)
    attention = np.stack([_softmax_over(*row) for row in zip(shown, scores, strict=True)])  # (S, n)
    looked: Chosen = np.logical_or.reduce(shown, axis=1)
    return _Look(tiles, attention, shown, claimed, _weights(tile_outputs.weigher, attention, looked, tiles))


def _claims(scores: Array, options: ModelOptions) -> Chosen:
    """Stack masks as `mil.masks.claim` does, for one bag."""
    stages, tiles = scores.shape
    keep, claimed = np.ones(tiles, bool), np.zeros((stages, tiles), bool)
    for stage in range(stages):
        reserve = options.min_keep if stage < options.masked_stages else 0
        count = min(_wish(tiles, options), int(keep.sum()) - reserve)
        if count > 0:
            claimed[stage] = _largest(scores[stage], keep, count)
            keep &= ~claimed[stage]
    return claimed


def _wish(tiles: int, options: ModelOptions) -> int:
    if options.k_share is None:
        return options.k
    return max(1, int(np.round(np.float32(tiles) * np.float32(options.k_share))))  # in float32, as torch does


def _largest(scores: Array, keep: Chosen, count: int) -> Chosen:
    ranked = np.where(keep, scores, -np.inf)
    least = np.partition(ranked, len(ranked) - count)[len(ranked) - count]
    above: Chosen = ranked > least
    level = (ranked == least) & keep
    above[np.flatnonzero(level)[: count - int(above.sum())]] = True  # of equals, the first
    return above


def _shown(claimed: Chosen, *, masks_applied: bool) -> Chosen:
    if not masks_applied:
        return np.ones_like(claimed)
    hidden: Chosen = np.logical_or.accumulate(claimed, axis=0)
    shown = np.ones_like(claimed)
    shown[1:] = ~hidden[:-1]
    return shown


def _softmax_over(shown: Chosen, scores: Array) -> Array:
    if not shown.any():
        return np.zeros_like(scores)
    raised = np.where(shown, np.exp(np.minimum(scores - scores[shown].max(), 0)), np.float32(0))
    attention: Array = (raised / raised.sum(dtype=np.float64)).astype(np.float32)
    return attention


def _weights(weigher: StageWeigher | None, attention: Array, looked: Chosen, tiles: NDArray[np.int64]) -> Array:
    if weigher is None:
        return looked.astype(np.float32) / np.float32(looked.sum())
    inner = attention @ weigher.inner[tiles] + weigher.inner_bias  # (S, F)
    scores: Array = np.maximum(inner, 0) @ weigher.outer
    return _softmax_over(looked, scores)


def _stages(tile_outputs: TileOutputs, look: _Look, evidence: Array) -> tuple[StageAttention, ...]:
    pooled = np.einsum("sn,snc->sc", look.attention, tile_outputs.stage_tile_logits[:, look.tiles])
    logits = np.where(look.shown.any(1, keepdims=True), pooled + tile_outputs.stage_bias, np.float32(np.nan))
    attention = np.where(look.shown, look.attention, np.float32(np.nan))
    return tuple(
        StageAttention(
            attention=_over_all(len(tile_outputs), look.tiles, attention[stage], np.nan),
            claimed=_over_all(len(tile_outputs), look.tiles, look.claimed[stage], fill=False),
            beta=float(look.beta[stage]),
            logits=logits[stage],
            evidence=_over_all(len(tile_outputs), look.tiles, evidence[stage], 0),
        )
        for stage in range(len(attention))
    )


def _over_all(count: int, tiles: NDArray[np.int64], values: NDArray, fill: float) -> NDArray:  # type: ignore[type-arg]
    if len(tiles) == count:
        return values
    spread = np.full((count, *values.shape[1:]), fill, values.dtype)
    spread[tiles] = values
    return spread
