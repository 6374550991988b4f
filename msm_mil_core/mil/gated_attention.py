"""Tiles projected and scored by gated attention, chunk by chunk, so that a large bag needs little memory to learn from.

Ilse et al. 2018, eq. 9. Plain autograd would keep four numbers for each of a tile's 2 · H · D gates, and three copies
of its hidden features; what is kept here is two, of some tiles, and one copy.

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

TILES_AT_ONCE = 4096  # what is computed on the way stays small, whatever the bag
KEPT_SHARE = 0.4  # of the tiles' gates; of the others they are computed again, which costs time instead of memory


@dataclass(frozen=True, slots=True, eq=False)
class TileWeights:
    """The weights that read a tile."""

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


def read_tiles(bags: Tensor, reader: TileWeights, dropout: float = 0.0) -> tuple[Tensor, Tensor]:
    """Return hidden features (B, N, L), ReLU of the projection, and scores (B, H, N) of bags (B, N, P).

    Can be differentiated once, by the weights and by the bags. Scores are float32 under autocast too.
    """
    hidden, scores = _ReadTiles.apply(bags, dropout, *(getattr(reader, field.name) for field in fields(reader)))
    return hidden, scores


def gated_scores(hidden: Tensor, gates: Tensor, gate_bias: Tensor, score_weight: Tensor) -> Tensor:
    """Return the scores (B, H, N) of tiles (B, N, L), for the weights of a `TileWeights`."""
    own = _apart(score_weight)
    chunks = (_gate(hidden[:, chunk], gates, gate_bias) for chunk in _chunks(hidden.shape[1]))
    return torch.cat([_scored(V, U, own) for V, U in chunks], -1)


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


def _scored(V: Tensor, U: Tensor, own: Tensor) -> Tensor:
    with torch.autocast(V.device.type, enabled=False):  # scores are ranked: half precision would make ties
        return own @ (V * U).to(own.dtype).mT  # (B, H, n)


class _ReadTiles(Function):
    @staticmethod
    def forward(ctx: Any, bags: Tensor, dropout: float, *weights: Tensor) -> tuple[Tensor, Tensor]:
        reader = TileWeights(*weights)
        hidden = functional.linear(bags, reader.projection, reader.shift).relu_()
        if dropout:
            hidden = functional.dropout(hidden, dropout, inplace=True)
        own, scores, kept = _apart(reader.score_weight), [], []
        for chunk in _chunks(hidden.shape[1]):
            V, U = _gate(hidden[:, chunk], reader.gates, reader.gate_bias)
            scores.append(_scored(V, U, own))
            if any(ctx.needs_input_grad) and chunk.stop <= KEPT_SHARE * hidden.shape[1]:
                kept += [V, U]
        ctx.dropout, ctx.has_shift = dropout, reader.shift is not None
        device = bags.device.type
        ctx.autocast = {"enabled": torch.is_autocast_enabled(device), "dtype": torch.get_autocast_dtype(device)}
        ctx.save_for_backward(bags, hidden, *(weight for weight in weights if weight is not None), *kept)
        return hidden, torch.cat(scores, -1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_hidden: Tensor, grad_scores: Tensor) -> tuple[Tensor | None, ...]:
        bags, hidden, *rest = ctx.saved_tensors
        if not ctx.has_shift:
            rest.insert(1, None)
        reader, kept = TileWeights(*rest[:5]), rest[5:]
        back = _Backwards(reader, bags, needs_bags=ctx.needs_input_grad[0], kept_share=1 / (1 - ctx.dropout))
        with torch.autocast(bags.device.type, **ctx.autocast):
            for number, chunk in enumerate(_chunks(hidden.shape[1])):
                gated = kept[2 * number : 2 * number + 2]
                back.add(chunk, hidden[:, chunk], gated, (grad_hidden[:, chunk], grad_scores[..., chunk]))
        return back.gradients()


class _Backwards:
    """Gradients of what reads a tile, added up chunk by chunk."""

    def __init__(self, reader: TileWeights, bags: Tensor, *, needs_bags: bool, kept_share: float) -> None:
        self._reader, self._bags, self._scale = reader, bags, kept_share
        self._own = _apart(reader.score_weight)
        self._of_bags = torch.empty_like(bags) if needs_bags else None
        self._of_projection, self._of_gates = torch.zeros_like(reader.projection), torch.zeros_like(reader.gates)
        self._of_shift, self._of_bias = (
            reader.projection.new_zeros(len(reader.projection)),
            torch.zeros_like(reader.gate_bias),
        )
        self._of_own = torch.zeros_like(self._own)

    def add(self, chunk: slice, tiles: Tensor, gated: list[Tensor], wished: tuple[Tensor, Tensor]) -> None:
        """Add the part of a chunk of tiles (B, n, L), from the gradients of its hidden features and scores."""
        of_hidden, of_scores = wished
        V, U = gated or _gate(tiles, self._reader.gates, self._reader.gate_bias)
        of_gates = self._through_gates(V, U, of_scores)  # (B · n, 2 · H · D)
        flat = tiles.flatten(0, 1)
        self._of_gates += of_gates.mT @ flat
        self._of_bias += of_gates.sum(0)
        of_tiles = (of_gates @ self._reader.gates + of_hidden.flatten(0, 1)).mul_(
            flat > 0
        )  # ReLU, and what dropout left
        if self._scale != 1:
            of_tiles *= self._scale
        self._of_projection += of_tiles.mT @ self._bags[:, chunk].flatten(0, 1)
        self._of_shift += of_tiles.sum(0)
        if self._of_bags is not None:
            self._of_bags[:, chunk] = (of_tiles @ self._reader.projection).view_as(self._of_bags[:, chunk])

    def gradients(self) -> tuple[Tensor | None, ...]:
        """Return the gradients in the order of the function's arguments."""
        heads, D = self._reader.score_weight.shape
        of_score_weight = self._of_own.view(heads, heads, D).diagonal().mT.contiguous()
        of_shift = None if self._reader.shift is None else self._of_shift
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
