"""Tiles projected and scored where no gradients are wanted: block by block, hardly slower than the products alone.

A sigmoid costs a tenth of a tanh, and tanh(v) = 2 sigmoid(2 v) - 1: both gates are one sigmoid over one buffer, and the
twos go into the weights once.

Letters: N tiles, P features of a tile, L hidden width, D attention width, H heads.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from msm_mil_core.mil.model_options import Activation

TILES_AT_ONCE = 2048
"""Tiles of a block: what is computed of them stays in the cache of a CPU."""
TILES_AT_ONCE_ON_A_GPU = 32_768


def blocks(tiles: int, device: torch.device) -> Iterator[slice]:
    """Return the blocks that a bag is computed in, of nearly equal size."""
    count = math.ceil(tiles / (TILES_AT_ONCE if device.type == "cpu" else TILES_AT_ONCE_ON_A_GPU))
    return (slice(tiles * i // count, tiles * (i + 1) // count) for i in range(count))


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A linear layer and what follows it."""

    weight: Tensor
    """(into, of)."""
    shift: Tensor | None
    """(into,)."""
    activation: Activation

    def after(self, tiles: Tensor) -> Tensor:
        """Return (n, into) of tiles (n, of)."""
        weight, tiles = self.weight, tiles.to(self.weight.dtype)
        passed = tiles @ weight.mT if self.shift is None else torch.addmm(self.shift, tiles, weight.mT)
        return activate_(passed, self.activation)


def activate_(values: Tensor, activation: Activation) -> Tensor:
    """Return the activation of values, which are changed."""
    if activation == "relu":
        return values.relu_()
    return functional.gelu(values) if activation == "gelu" else values


def project(tiles: Tensor, layers: Sequence[Layer]) -> Tensor:
    """Return the hidden features (n, L) of tiles (n, P), which may be of half precision; without layers the tiles."""
    for layer in layers:
        tiles = layer.after(tiles)
    return tiles if layers else tiles.float()


class Scorer(Protocol):
    """Attention of all heads before its softmax."""

    heads: int
    """H."""

    def scores(self, hidden: Tensor) -> Tensor:
        """Return the scores (H, n) of projected tiles (n, L)."""


class PlainScorer:
    """Attention without gates (Ilse et al. 2018, eq. 8) of all heads."""

    def __init__(self, gates: Tensor, bias: Tensor, score_weight: Tensor) -> None:
        self.heads = len(score_weight)
        self._gates, self._bias, self._score_weight = gates.mT, bias, score_weight

    def scores(self, hidden: Tensor) -> Tensor:
        """Return the scores (H, n) of projected tiles (n, L)."""
        return _of_heads(torch.addmm(self._bias, hidden, self._gates).tanh_(), self._score_weight)


class TileScorer:
    """Gated attention (Ilse et al. 2018, eq. 9) of all heads."""

    def __init__(self, gates: Tensor, bias: Tensor, score_weight: Tensor) -> None:
        self.heads = len(score_weight)
        twice = torch.ones_like(bias)
        twice[: len(twice) // 2] = 2  # the gates V
        self._gates, self._bias = (gates * twice[:, None]).mT, bias * twice
        self._score_weight = 2 * score_weight

    def scores(self, hidden: Tensor) -> Tensor:
        """Return the scores (H, n) of projected tiles (n, L)."""
        V, U = torch.addmm(self._bias, hidden, self._gates).sigmoid_().chunk(2, -1)  # each (n, H · D)
        return _of_heads(V.sub_(0.5).mul_(U), self._score_weight)


def _of_heads(gated: Tensor, score_weight: Tensor) -> Tensor:
    """Return the scores (H, n) of gated values (n, H · D), which are changed, or (n, D) that all heads share."""
    if gated.shape[1] == score_weight.shape[1]:
        return score_weight @ gated.mT
    return gated.view(len(gated), *score_weight.shape).mul_(score_weight).sum(-1).mT


def score_bags(bags: Tensor, layers: Sequence[Layer], scorer: Scorer) -> tuple[Tensor, Tensor]:
    """Return hidden features (B, N, L) and scores (B, H, N) of bags (B, N, P), as `score_tiles` does."""
    B, N, P = bags.shape
    floats = layers[-1].weight if layers else bags.new_empty((P, 0), dtype=torch.float32)
    hidden = floats.new_empty(B, N, len(floats))
    scores = floats.new_empty(B, scorer.heads, N)
    for bag, into, scored in zip(bags, hidden, scores, strict=True):
        for block in blocks(N, bags.device):
            into[block] = project(bag[block], layers)
            scored[:, block] = scorer.scores(into[block])
    return hidden, scores
