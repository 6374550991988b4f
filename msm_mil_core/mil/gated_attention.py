"""Tiles projected and scored by gated attention, chunk by chunk, so that training on a large bag needs little memory.

Ilse et al. 2018, eq. 9. Plain autograd would store four numbers for each of a tile's 2 · H · D gates, and three copies
of its hidden features; stored here are two, for some tiles, and one copy.

Letters: B bags, N tiles, P features of a tile, L hidden width, D attention width, H heads.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional

TILES_AT_ONCE = 4096
"""Tiles of a chunk: intermediate values stay small, whatever the bag."""
STORED_SHARE = 0.4
"""Share of the tiles whose gates are stored for the backward pass; the others are recomputed, time for memory."""


@dataclass(frozen=True, slots=True, eq=False)
class TileWeights:
    """The weights that project and score a tile."""

    projection: Tensor
    """(L, P)."""
    shift: Tensor | None
    """(L,)."""
    gates: Tensor
    """(2 · H · D, L): V of all heads, then U of all heads."""
    gate_bias: Tensor
    """(2 · H · D,)."""
    score_weight: Tensor
    """(H, D)."""


def score_tiles(bags: Tensor, weights: TileWeights, dropout: float = 0.0) -> tuple[Tensor, Tensor]:
    """Return hidden features (B, N, L), ReLU of the projection, and scores (B, H, N) of bags (B, N, P).

    Can be differentiated once, by the weights and by the bags. Scores are float32 under autocast too.
    """
    hidden, scores = _ScoreTiles.apply(bags, dropout, *(getattr(weights, field.name) for field in fields(weights)))
    return hidden, scores


def gated_scores(hidden: Tensor, gates: Tensor, gate_bias: Tensor, score_weight: Tensor) -> Tensor:
    """Return the scores (B, H, N) of tiles (B, N, L), for the weights of a `TileWeights`, or with gates of one head."""
    own = _spread(score_weight, len(gates) // 2)
    chunks = (_gate(hidden[:, chunk], gates, gate_bias) for chunk in _chunks(hidden.shape[1]))
    return torch.cat([_scored(V, U, own) for V, U in chunks], -1)


def plain_scores(hidden: Tensor, gates: Tensor, gate_bias: Tensor, score_weight: Tensor) -> Tensor:
    """Return the scores (B, H, N) of tiles (B, N, L) by attention without gates (eq. 8): V alone is in `gates`."""
    own, V = _spread(score_weight, len(gates)), functional.linear(hidden, gates, gate_bias).tanh()
    with torch.autocast(V.device.type, enabled=False):
        return own @ V.to(own.dtype).mT


def _chunks(tiles: int) -> Iterator[slice]:
    count = math.ceil(tiles / TILES_AT_ONCE)
    return (slice(tiles * i // count, tiles * (i + 1) // count) for i in range(count))


def _gate(tiles: Tensor, gates: Tensor, gate_bias: Tensor) -> tuple[Tensor, Tensor]:
    V, U = functional.linear(tiles, gates, gate_bias).chunk(2, -1)
    return V.tanh(), U.sigmoid()  # each (B, n, H · D)


def _apart(score_weight: Tensor) -> Tensor:
    """Spread (H, D) over (H, H · D), so that no head sees another's gates."""
    heads = len(score_weight)
    return (torch.eye(heads, device=score_weight.device)[..., None] * score_weight).flatten(1)


def _spread(score_weight: Tensor, gates: int) -> Tensor:
    """Return (H, gates): each head sees its own gates, or all heads the same."""
    return score_weight if gates == score_weight.shape[1] else _apart(score_weight)


def _scored(V: Tensor, U: Tensor, own: Tensor) -> Tensor:
    with torch.autocast(V.device.type, enabled=False):  # scores are ranked: half precision would make ties
        return own @ (V * U).to(own.dtype).mT  # (B, H, n)


class _ScoreTiles(Function):
    @staticmethod
    def forward(ctx: Any, bags: Tensor, dropout: float, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        weights = TileWeights(*tensors)
        hidden = functional.linear(bags, weights.projection, weights.shift).relu_()
        if dropout:
            hidden = functional.dropout(hidden, dropout, inplace=True)
        own, scores, stored = _apart(weights.score_weight), [], []
        for chunk in _chunks(hidden.shape[1]):
            V, U = _gate(hidden[:, chunk], weights.gates, weights.gate_bias)
            scores.append(_scored(V, U, own))
            if any(ctx.needs_input_grad) and chunk.stop <= STORED_SHARE * hidden.shape[1]:
                stored += [V, U]
        ctx.dropout, ctx.has_shift = dropout, weights.shift is not None
        device = bags.device.type
        ctx.autocast = {"enabled": torch.is_autocast_enabled(device), "dtype": torch.get_autocast_dtype(device)}
        ctx.save_for_backward(bags, hidden, *(tensor for tensor in tensors if tensor is not None), *stored)
        return hidden, torch.cat(scores, -1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_hidden: Tensor, grad_scores: Tensor) -> tuple[Tensor | None, ...]:
        bags, hidden, *rest = ctx.saved_tensors
        if not ctx.has_shift:
            rest.insert(1, None)
        weights, stored = TileWeights(*rest[:5]), rest[5:]
        back = _Backward(weights, bags, needs_bags=ctx.needs_input_grad[0], scale=1 / (1 - ctx.dropout))
        with torch.autocast(bags.device.type, **ctx.autocast):
            for number, chunk in enumerate(_chunks(hidden.shape[1])):
                gated = stored[2 * number : 2 * number + 2]
                back.add(chunk, hidden[:, chunk], gated, (grad_hidden[:, chunk], grad_scores[..., chunk]))
        return back.gradients()


class _Backward:
    """Gradients of the weights, added up chunk by chunk."""

    def __init__(self, weights: TileWeights, bags: Tensor, *, needs_bags: bool, scale: float) -> None:
        self._weights, self._bags, self._scale = weights, bags, scale
        self._own = _apart(weights.score_weight)
        self._of_bags = torch.empty_like(bags) if needs_bags else None
        self._of_projection, self._of_gates = torch.zeros_like(weights.projection), torch.zeros_like(weights.gates)
        self._of_shift, self._of_bias = (
            weights.projection.new_zeros(len(weights.projection)),
            torch.zeros_like(weights.gate_bias),
        )
        self._of_own = torch.zeros_like(self._own)

    def add(self, chunk: slice, tiles: Tensor, gated: list[Tensor], outer: tuple[Tensor, Tensor]) -> None:
        """Add the part of a chunk of tiles (B, n, L), from the gradients of its hidden features and scores."""
        of_hidden, of_scores = outer
        V, U = gated or _gate(tiles, self._weights.gates, self._weights.gate_bias)
        of_gates = self._through_gates(V, U, of_scores)  # (B · n, 2 · H · D)
        flat = tiles.flatten(0, 1)
        self._of_gates += of_gates.mT @ flat
        self._of_bias += of_gates.sum(0)
        of_tiles = (of_gates @ self._weights.gates + of_hidden.flatten(0, 1)).mul_(flat > 0)  # ReLU and dropout
        if self._scale != 1:
            of_tiles *= self._scale
        self._of_projection += of_tiles.mT @ self._bags[:, chunk].flatten(0, 1)
        self._of_shift += of_tiles.sum(0)
        if self._of_bags is not None:
            self._of_bags[:, chunk] = (of_tiles @ self._weights.projection).view_as(self._of_bags[:, chunk])

    def gradients(self) -> tuple[Tensor | None, ...]:
        """Return the gradients in the order of the function's arguments."""
        heads, D = self._weights.score_weight.shape
        of_score_weight = self._of_own.view(heads, heads, D).diagonal().mT.contiguous()
        of_shift = None if self._weights.shift is None else self._of_shift
        return self._of_bags, None, self._of_projection, of_shift, self._of_gates, self._of_bias, of_score_weight

    def _through_gates(self, V: Tensor, U: Tensor, of_scores: Tensor) -> Tensor:
        V, U = (gate.flatten(0, 1).to(self._own.dtype) for gate in (V, U))  # (B · n, H · D)
        of_scores = of_scores.mT.flatten(0, 1)  # (B · n, H)
        with torch.autocast(V.device.type, enabled=False):
            self._of_own += of_scores.mT @ (V * U)
            of_gates = V.new_empty(len(V), 2 * V.shape[1])
            of_V, of_U = of_gates.chunk(2, -1)
            torch.mul(of_scores @ self._own, U, out=of_V)
            torch.mul(of_V, V, out=of_U)
            of_U -= of_U * U
            of_V -= of_V * V.square()
        return of_gates
