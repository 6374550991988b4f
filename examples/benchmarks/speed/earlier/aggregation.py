"""How a bag was predicted before from what a model computed of each tile: from its scores, anew for each question."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.mil.aggregate import probabilities_of
from msm_mil_core.mil.model_options import ModelOptions
from msm_mil_core.mil.prediction import Prediction, StageAttention, TileEvidence
from msm_mil_core.mil.tile_outputs import Array, TileOutputs

Chosen = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Attention:
    """How the stages attend to n of the tiles."""

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
    """Predict a bag of the kept tiles (N,) alone."""
    found = _attend(tile_outputs, kept)
    evidence = (found.beta[:, None] * found.attention)[..., None] * tile_outputs.tile_logits[found.tiles]  # (S, n, C)
    logits = (tile_outputs.bias + evidence.sum((0, 1), dtype=np.float64)).astype(np.float32)
    return Prediction(
        classes=tile_outputs.classes,
        logits=logits,
        probabilities=probabilities_of(logits),
        stages=_stages(tile_outputs, found, evidence),
        masks_applied=tile_outputs.masks_applied,
        bias=tile_outputs.bias,
        negative=tile_outputs.negative,
    )


def aggregate_probabilities(tile_outputs: TileOutputs, kept: Chosen | None = None) -> Array:
    """Return the probabilities (C,) alone."""
    found = _attend(tile_outputs, kept)
    pooled = found.attention @ tile_outputs.tile_logits[found.tiles]  # (S, C)
    return probabilities_of(tile_outputs.bias + found.beta @ pooled)


def _attend(tile_outputs: TileOutputs, kept: Chosen | None) -> _Attention:
    all_kept = kept is None or bool(kept.all())
    tiles = np.arange(len(tile_outputs)) if kept is None else np.flatnonzero(kept)
    scores = tile_outputs.scores if all_kept else tile_outputs.scores[:, tiles]  # (S, n)
    claimed = _claim(scores, tile_outputs.options, _own_answers(tile_outputs, tiles))
    shown = _shown(claimed, masks_applied=tile_outputs.masks_applied)
    attention = np.stack([_masked_softmax(*row) for row in zip(shown, scores, strict=True)])  # (S, n)
    active: Chosen = np.logical_or.reduce(shown, axis=1)
    return _Attention(tiles, attention, shown, claimed, _beta(tile_outputs, attention, active, tiles))


def _own_answers(tile_outputs: TileOutputs, tiles: NDArray[np.int64]) -> Array | None:
    """Return what each stage's own head says of each tile alone, (S, n, C); None where masks do not ask it."""
    if tile_outputs.options.claim_by == "attention":
        return None
    answers: Array = tile_outputs.stage_tile_logits[:, tiles] + tile_outputs.stage_bias[:, None]
    return answers


def _claim(scores: Array, options: ModelOptions, tile_logits: Array | None) -> Chosen:
    """Stack masks as `mil.masking.claim` does, for one bag."""
    stages, tiles = scores.shape
    keep, claimed = np.ones(tiles, bool), np.zeros((stages, tiles), bool)
    for stage in range(stages):
        ranked = scores[stage] if tile_logits is None else _rank(scores[stage], keep, tile_logits[stage])
        reserve = options.min_keep if stage < options.masked_stages else 0
        count = min(_claim_size(ranked, scores[stage], keep, options), int(keep.sum()) - reserve)
        if count > 0:
            claimed[stage] = _largest(ranked, keep, count)
            keep &= ~claimed[stage]
    return claimed


def _rank(scores: Array, keep: Chosen, tile_logits: Array) -> Array:
    """Return the attention (n,) times what a tile adds to the class that the stage's own head answers."""
    attention, C = _masked_softmax(keep, scores), tile_logits.shape[-1]
    answer = int((attention @ tile_logits).argmax())
    margin = (C * tile_logits[:, answer] - tile_logits.sum(-1)) / np.float32(C - 1)
    ranked: Array = attention * (margin - margin[keep].sum() / np.float32(max(1, keep.sum())))
    return ranked


def _claim_size(ranked: Array, scores: Array, keep: Chosen, options: ModelOptions) -> int:
    tiles = len(scores)
    if options.claim_mass is not None:
        order = np.argsort(-np.where(keep, ranked, -np.inf), kind="stable")
        held = np.cumsum(_masked_softmax(keep, scores)[order], dtype=np.float64)
        return int((held < options.claim_mass).sum()) + 1
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


def _masked_softmax(shown: Chosen, scores: Array) -> Array:
    if not shown.any():
        return np.zeros_like(scores)
    raised = np.where(shown, np.exp(np.minimum(scores - scores[shown].max(), 0)), np.float32(0))
    attention: Array = (raised / raised.sum(dtype=np.float64)).astype(np.float32)
    return attention


def _beta(tile_outputs: TileOutputs, attention: Array, active: Chosen, tiles: NDArray[np.int64]) -> Array:
    fusion = tile_outputs.fusion
    if fusion is None:
        return active.astype(np.float32) / np.float32(active.sum())
    inner = attention @ fusion.inner[tiles] + fusion.inner_bias  # (S, F)
    activated = np.maximum(inner, 0) if tile_outputs.options.fusion_activation == "relu" else np.tanh(inner)
    scores: Array = activated @ fusion.outer
    return _masked_softmax(active, scores)


def _stages(tile_outputs: TileOutputs, found: _Attention, evidence: Array) -> tuple[StageAttention, ...]:
    pooled = np.einsum("sn,snc->sc", found.attention, tile_outputs.stage_tile_logits[:, found.tiles])
    logits = np.where(found.shown.any(1, keepdims=True), pooled + tile_outputs.stage_bias, np.float32(np.nan))
    attention = np.where(found.shown, found.attention, np.float32(np.nan))
    return tuple(
        StageAttention(
            attention=_spread_out(len(tile_outputs), found.tiles, attention[stage], np.nan),
            claimed=_spread_out(len(tile_outputs), found.tiles, found.claimed[stage], fill=False),
            beta=float(found.beta[stage]),
            logits=logits[stage],
            tile_evidence=TileEvidence.stored(_spread_out(len(tile_outputs), found.tiles, evidence[stage], 0)),
        )
        for stage in range(len(attention))
    )


def _spread_out(count: int, tiles: NDArray[np.int64], values: NDArray, fill: float) -> NDArray:  # type: ignore[type-arg]
    if len(tiles) == count:
        return values
    everywhere = np.full((count, *values.shape[1:]), fill, values.dtype)
    everywhere[tiles] = values
    return everywhere
