"""Mask stacking: which tiles each stage claims and so hides from later stages."""

import math

import torch
from torch import Tensor

from msm_mil_core.mil.model_options import ModelOptions


def claim(scores: Tensor, valid: Tensor, options: ModelOptions) -> Tensor:
    """Give each stage the tiles it ranks highest among those that no earlier stage has claimed.

    Every stage takes K, but leaves `min_keep` tiles to the next one; the last stage may take all.
    Equal scores are taken in the order of the tiles, on every device.

    Parameters
    ----------
    scores
        (B, S, N) float32.
    valid
        (B, N) bool.

    Returns
    -------
    Tensor
        (B, S, N) bool.
    """
    size, most = _claim_size(valid.sum(1), options), _most(valid.shape[1], options)
    keep, claims = valid, []
    for stage in range(scores.shape[1]):
        count = _claimed(keep.sum(1), size, stage, options)
        claims.append(_largest(scores[:, stage].masked_fill(~keep, -torch.inf), count, most))
        keep = keep & ~claims[-1]
    return torch.stack(claims, 1)


def stages_shown(tiles: Tensor, options: ModelOptions) -> Tensor:
    """Return how many stages are shown at least one tile while training, of bags of so many tiles: (B,) for (B,)."""
    if options.mask_mode == "never":
        return torch.full_like(tiles, options.stages)
    size, left, shown = _claim_size(tiles, options), tiles, torch.ones_like(tiles)
    for stage in range(options.masked_stages):
        left = left - _claimed(left, size, stage, options)
        shown = shown + (left > 0)
    return shown


def _claimed(left: Tensor, size: Tensor, stage: int, options: ModelOptions) -> Tensor:
    """Return how many of the tiles that are left a stage claims, (B,)."""
    reserve = options.min_keep if stage < options.masked_stages else 0
    return torch.minimum(size, left - reserve).clamp(min=0)


def _claim_size(tiles: Tensor, options: ModelOptions) -> Tensor:
    if options.k_share is None:
        return torch.full_like(tiles, options.k)
    return (tiles * options.k_share).round().clamp(min=1).long()


def _most(tiles: int, options: ModelOptions) -> int:
    return min(tiles, options.k if options.k_share is None else math.ceil(tiles * options.k_share))


def _largest(ranked: Tensor, count: Tensor, most: int) -> Tensor:
    top = ranked.topk(most, dim=1).values  # values only: topk may name any of several equal tiles
    least = top.gather(1, (count - 1).clamp(min=0)[:, None])  # (B, 1)
    above, level = ranked > least, ranked == least
    room = count[:, None] - above.sum(1, keepdim=True)
    return above | (level & (level.cumsum(1) <= room))
