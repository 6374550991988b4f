"""Which tiles a stage claims, for one bag in numpy: `masking.claim` does the same for a batch of bags in torch.

Letters: N tiles, C classes.
"""

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.mil.model_options import ModelOptions
from msm_mil_core.mil.tile_outputs import Array, TileOutputs

Chosen = NDArray[np.bool_]
Indices = NDArray[np.int64]


def claim(outputs: TileOutputs, stage: int, left: Chosen, tiles: int) -> Indices:
    """Return which tiles a stage claims; of equal ones, the first.

    Parameters
    ----------
    left
        (N,), the tiles of the bag that no earlier stage has claimed.
    tiles
        How many the bag has.
    """
    options = outputs.options
    most = int(np.count_nonzero(left)) - (options.min_keep if stage < options.masked_stages else 0)
    if most <= 0:
        return np.empty(0, np.int64)
    if options.claim_mass is not None:
        return _holding(options.claim_mass, outputs, stage, left)[:most]
    count = min(_size(tiles, options), most)
    if options.claim_by == "evidence":
        return _largest(_evidence(outputs, stage, left), left, count)
    return outputs.prepared.first(stage, left, count)


def masked_softmax(shown: Chosen, scores: Array) -> Array:
    """Return the softmax (n,) over what is shown, 0 elsewhere; 0 everywhere if nothing is."""
    if not shown.any():
        return np.zeros_like(scores)
    raised = np.where(shown, np.exp(np.minimum(scores - scores[shown].max(), 0)), np.float32(0))
    attention: Array = (raised / raised.sum(dtype=np.float64)).astype(np.float32)
    return attention


def _size(tiles: int, options: ModelOptions) -> int:
    if options.k_share is None:
        return options.k
    return max(1, int(np.round(np.float32(tiles) * np.float32(options.k_share))))  # in float32, as torch does


def _holding(mass: float, outputs: TileOutputs, stage: int, left: Chosen) -> Indices:
    """Return the highest tiles that hold a share of the stage's attention."""
    order = _ranked(outputs, stage, left)
    held = np.cumsum(masked_softmax(left, outputs.scores[stage])[order], dtype=np.float64)
    return order[: int((held < mass).sum()) + 1]


def _ranked(outputs: TileOutputs, stage: int, left: Chosen) -> Indices:
    remaining = int(np.count_nonzero(left))
    if outputs.options.claim_by == "attention":
        return outputs.prepared.first(stage, left, remaining)
    ranked = np.where(left, _evidence(outputs, stage, left), -np.inf)
    return np.argsort(-ranked, kind="stable")[:remaining]


def _evidence(outputs: TileOutputs, stage: int, left: Chosen) -> Array:
    """Return the attention (N,) times what a tile adds to the class that the stage's own head answers."""
    tile_logits = outputs.stage_tile_logits[stage] + outputs.stage_bias[stage]  # (N, C)
    attention, C = masked_softmax(left, outputs.scores[stage]), tile_logits.shape[-1]
    answer = int((attention @ tile_logits).argmax())
    margin = (C * tile_logits[:, answer] - tile_logits.sum(-1)) / np.float32(C - 1)
    ranked: Array = attention * (margin - margin[left].sum() / np.float32(max(1, left.sum())))
    return ranked


def _largest(ranked: Array, left: Chosen, count: int) -> Indices:
    open_to = np.where(left, ranked, -np.inf)
    least = np.partition(open_to, len(open_to) - count)[len(open_to) - count]
    above, level = np.flatnonzero(open_to > least), np.flatnonzero((open_to == least) & left)
    return np.concatenate([above, level[: count - len(above)]])
