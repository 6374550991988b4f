"""Mask stacking: which tiles each stage claims and so hides from later stages."""

import math

import torch
from torch import Tensor

from msm_mil_core.mil.model_options import ModelOptions


def claim(scores: Tensor, valid: Tensor, options: ModelOptions, tile_logits: Tensor | None = None) -> Tensor:
    """Give each stage the tiles it ranks highest among those that no earlier stage has claimed.

    Every stage takes K, or what holds a share of its attention, but leaves `min_keep` tiles to the next one; the last
    stage may take all. Equal tiles are taken in their order, on every device.

    Parameters
    ----------
    scores
        (B, S, N) float32.
    valid
        (B, N) bool.
    tile_logits
        (B, S, N, C), what each stage's own head would answer of a tile alone: they are ranked by evidence then, else by
        their scores.

    Returns
    -------
    Tensor
        (B, S, N) bool.
    """
    size, most = _claim_size(valid.sum(1), options), _most(valid.shape[1], options)
    keep, claims = valid, []
    for stage in range(scores.shape[1]):
        ranked = _rank(scores[:, stage], keep, None if tile_logits is None else tile_logits[:, stage])
        if options.claim_mass is not None:
            size = _holding(options.claim_mass, ranked, _attention(scores[:, stage], keep))
        count = _claimed(keep.sum(1), size, stage, options)
        claims.append(_largest(ranked, count, most))
        keep = keep & ~claims[-1]
    return torch.stack(claims, 1)


def claim_each(scores: Tensor, valid: Tensor, options: ModelOptions, tile_logits: Tensor | None = None) -> Tensor:
    """Give each map the tiles it ranks highest of all; of several that want a tile, the one that attends to it most.

    Parameters and result are those of `claim`; no map goes before another.
    """
    each = (slice(at, at + 1) for at in range(scores.shape[1]))
    of_each = [claim(scores[:, at], valid, options, None if tile_logits is None else tile_logits[:, at]) for at in each]
    claims = torch.cat(of_each, 1)
    most = _attention(scores, valid[:, None]).argmax(1, keepdim=True)
    return claims & torch.zeros_like(claims).scatter(1, most, True)


def _rank(scores: Tensor, keep: Tensor, tile_logits: Tensor | None) -> Tensor:
    """Return by what a stage ranks its tiles, (B, N); minus infinity for those it may not claim."""
    if tile_logits is None:
        return scores.masked_fill(~keep, -torch.inf)
    attention, C = _attention(scores, keep), tile_logits.shape[-1]
    answer = (attention[..., None] * tile_logits).sum(1).argmax(-1)  # (B,)
    of_answer = tile_logits.gather(-1, answer[:, None, None].expand(*tile_logits.shape[:2], 1))[..., 0]  # (B, N)
    margin = (C * of_answer - tile_logits.sum(-1)) / (C - 1)  # over the mean of the other classes
    mean = margin.masked_fill(~keep, 0).sum(1, keepdim=True) / keep.sum(1, keepdim=True).clamp(min=1)
    return (attention * (margin - mean)).masked_fill(~keep, -torch.inf)


def _attention(scores: Tensor, keep: Tensor) -> Tensor:
    """Return the softmax (B, N) over what is kept; 0 in a bag of which nothing is."""
    return scores.masked_fill(~keep, -torch.inf).softmax(-1).masked_fill(~keep, 0)


def _holding(mass: float, ranked: Tensor, attention: Tensor) -> Tensor:
    """Return how many of the highest tiles hold a share of the attention, (B,)."""
    order = ranked.argsort(dim=1, descending=True, stable=True)
    return (attention.gather(1, order).double().cumsum(1) < mass).sum(1) + 1


def stages_shown(tiles: Tensor, options: ModelOptions) -> Tensor:
    """Return how many stages are shown at least one tile while training, of bags of so many tiles: (B,) for (B,)."""
    if options.mask_mode == "never" or options.claim_mass is not None:  # of which the last stage always gets a tile
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
    if options.claim_mass is not None:
        return tiles
    return min(tiles, options.k if options.k_share is None else math.ceil(tiles * options.k_share))


def _largest(ranked: Tensor, count: Tensor, most: int) -> Tensor:
    top = ranked.topk(most, dim=1).values  # values only: topk may name any of several equal tiles
    least = top.gather(1, (count - 1).clamp(min=0)[:, None])  # (B, 1)
    above, level = ranked > least, ranked == least
    room = count[:, None] - above.sum(1, keepdim=True)
    return above | (level & (level.cumsum(1) <= room))
