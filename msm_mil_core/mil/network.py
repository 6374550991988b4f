"""The MSM-MIL network: gated attention in stages, with tiles claimed by earlier stages hidden from later ones.

Wang W. et al., MSM-MIL: A Multi-Stage Masked Multi-Instance Learning Framework for Pathology Image Classification,
J. Univ. Chinese Acad. Sci. 2026, doi 10.7523/j.ucas.2026.020; gated attention: Ilse et al. 2018, eq. 9.

Letters: B bags, N tiles, P features of a tile, L hidden width, D attention width, S stages, C classes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from nystrom_attention import NystromAttention
from torch import Tensor, nn
from torch.nn import functional

from msm_mil_core.mil.away_loss import away_loss
from msm_mil_core.mil.gated_attention import TileWeights, gated_scores, plain_scores, score_tiles
from msm_mil_core.mil.masking import claim, claim_each
from msm_mil_core.mil.model_options import NYSTROM_HEADS, NYSTROM_KERNEL, ModelOptions
from msm_mil_core.mil.tile_scorer import Layer, PlainScorer, Scorer, TileScorer, activate_, score_bags


@dataclass(frozen=True, slots=True, eq=False)
class MsmMilOutput:
    """The output for a batch of bags; all but `hidden` in float32 under autocast, too."""

    logits: Tensor
    """(B, C)."""
    stage_logits: Tensor
    """(B, S, C), each stage's own head; undefined for a stage that was shown nothing."""
    beta: Tensor
    """(B, S), weights of the stages; 0 for a stage that was shown nothing."""
    scores: Tensor
    """(B, S, N), attention before its softmax."""
    attention: Tensor
    """(B, S, N), sums to 1 over the tiles a stage was shown, 0 elsewhere."""
    shown: Tensor
    """(B, S, N) bool, the tiles a stage was shown."""
    claimed: Tensor
    """(B, S, N) bool, the tiles each stage claims: no tile twice."""
    hidden: Tensor
    """(B, N, L), the projected tiles."""


class MsmMil(nn.Module):
    """MSM-MIL, as specified by its options."""

    feature_mean: Tensor
    feature_std: Tensor

    def __init__(self, options: ModelOptions) -> None:
        super().__init__()
        S, L, D, C = options.stages, options.hidden, options.attention, options.classes
        heads = S if options.heads == "own" else 1
        blocks = options.masked_stages if options.refine == "paper" else 0
        self.options = options
        widths = (options.features, *options.before)
        self.before = nn.ModuleList(nn.Linear(of, into) for of, into in pairwise(widths))
        if options.projection != "none":
            self.projection = nn.Linear(widths[-1], L, bias=options.projection == "biased")
        if options.pooling == "attention":
            self.gates = nn.Linear(
                L, (2 if options.gated else 1) * options.gate_heads * D
            )  # V of all heads, then U of all heads
            self.score_weight = _drawn((heads, D), fan_in=D)
            self.score_bias = _drawn((heads,), fan_in=D)
        self.refinements = nn.ModuleList(_Refinement(L, options.dropout) for _ in range(blocks))
        self.fusion = _fusion(options) if options.fusion == "attention" else None
        self.classifier = nn.Linear(L, C)
        if options.masked_stages:
            self.stage_weight = _drawn((S, C, L), fan_in=L)
            self.stage_bias = _drawn((S, C), fan_in=L)
        if options.standardise:
            self.register_buffer("feature_mean", torch.zeros(options.features))
            self.register_buffer("feature_std", torch.ones(options.features))

    def forward(self, bags: Tensor, valid: Tensor | None = None, *, masks: bool | None = None) -> MsmMilOutput:
        """Compute a batch of bags.

        Parameters
        ----------
        bags
            Features (B, N, P); padding may hold any finite number.
        valid
            (B, N) bool, False for padding; None where nothing is padded.
        masks
            Whether tiles claimed by earlier stages are hidden from later ones; None: as `mask_mode` says.

        Raises
        ------
        ValueError
            If the shapes do not fit or a bag has no tile.
        """
        valid = self._checked(bags, valid)
        hidden, scores, refined = self._project(bags, valid)  # (B, N, L), (B, S, N)
        with torch.autocast(bags.device.type, enabled=False):
            claimed = self._claim(scores.detach(), valid, refined)  # (B, S, N)
            shown = self._shown(claimed, valid, masks=masks)  # (B, S, N)
            attention = _masked_softmax(shown, scores)  # (B, S, N)
            pooled = _pool(attention, refined)  # (B, S, L)
            beta = self._weigh(pooled, shown.any(-1))  # (B, S)
            logits = self._answer(beta, pooled)  # (B, C)
            weight, bias = self.stage_heads()
            stage_logits = torch.einsum("bsl,scl->bsc", pooled, weight) + bias  # (B, S, C)
        return MsmMilOutput(logits, stage_logits, beta, scores, attention, shown, claimed, hidden)

    def standardise_by(self, mean: Tensor, std: Tensor) -> None:
        """Store the mean and the standard deviation (P,) of the training tiles, 1 for a feature that never varies."""
        self.feature_mean.copy_(mean)
        self.feature_std.copy_(torch.where(std > 0, std, 1))

    def projection_weights(self) -> tuple[Tensor, Tensor | None]:
        """Return weights (L, P) and shift (L,); they standardise features, too, without a second bag in memory."""
        bias: Tensor | None = self.projection.bias
        if not self.options.standardise:
            return self.projection.weight, bias
        weight = self.projection.weight / self.feature_std
        shift = -(weight @ self.feature_mean)
        return weight, shift if bias is None else bias + shift

    def layers(self) -> tuple[Layer, ...]:
        """Return the layers that give the hidden features; none where they are the features themselves."""
        options = self.options
        first = tuple(Layer(layer.weight, layer.bias, options.activation_before) for layer in self._before())
        if options.projection == "none":
            return first
        return *first, Layer(*self.projection_weights(), options.activation)

    def scorer(self) -> Scorer:
        """Return what scores projected tiles where no gradients are wanted; the bias of the scores is not in it."""
        kind = TileScorer if self.options.gated else PlainScorer
        return kind(self.gates.weight, self.gates.bias, self.score_weight)

    def tile_weights(self) -> TileWeights:
        """Return the weights that project and score a tile."""
        return TileWeights(*self.projection_weights(), self.gates.weight, self.gates.bias, self.score_weight)

    def stage_heads(self) -> tuple[Tensor, Tensor]:
        """Return the weights (S, C, L) and biases (S, C) of the stages' own heads; a single stage's is the model's."""
        if self.options.masked_stages:
            return self.stage_weight, self.stage_bias
        weight, bias = self.classifier.weight, self.classifier.bias
        if self.options.maps == "classes":  # a map says nothing of other classes than its own
            return torch.diag_embed(weight.mT).permute(1, 2, 0), bias.expand(len(bias), -1)
        return weight[None], bias[None]

    def _checked(self, bags: Tensor, valid: Tensor | None) -> Tensor:
        if bags.ndim != 3 or bags.shape[2] != self.options.features or not bags.shape[1]:
            raise ValueError(f"bags must be (B, N, {self.options.features}) with N > 0, not {tuple(bags.shape)}.")
        if valid is None:
            return torch.ones(bags.shape[:2], dtype=torch.bool, device=bags.device)
        if valid.shape != bags.shape[:2] or valid.dtype != torch.bool:
            raise ValueError(f"valid must be {tuple(bags.shape[:2])} bool, not {tuple(valid.shape)} {valid.dtype}.")
        if not valid.any(1).all():
            raise ValueError("Every bag needs at least one tile, and one of these has only padding.")
        return valid

    def _project(self, bags: Tensor, valid: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Return the projected tiles, their scores, and what stages pool: one (B, N, L) for all, or one for each."""
        dropout = self.options.dropout if self.training else 0.0
        if self.options.pooling == "mean":
            hidden = self._hidden(bags, dropout)
            return hidden, torch.zeros_like(hidden[..., 0], dtype=torch.float32)[:, None], [hidden]
        if self.refinements:
            weights = self.tile_weights()
            hidden = self._hidden(bags, dropout)
            refined = [hidden]
            for block in self.refinements:
                refined.append(block(refined[-1], valid))
            scores = torch.cat([self._score(tiles, stage, weights) for stage, tiles in enumerate(refined)], 1)
        else:
            hidden, scores = self._scored(bags, dropout)
            refined = [hidden]
        return hidden, (scores + self.score_bias[:, None]).expand(-1, self.options.stages, -1), refined

    def _scored(self, bags: Tensor, dropout: float) -> tuple[Tensor, Tensor]:
        if not (torch.is_grad_enabled() or dropout or torch.is_autocast_enabled(bags.device.type)):
            return score_bags(bags, self.layers(), self.scorer())
        options = self.options
        if options.gated and options.activation == "relu" and not options.before and options.maps == "stages":
            return score_tiles(bags, self.tile_weights(), dropout)
        hidden = self._hidden(bags, dropout)
        if options.gated:
            return hidden, gated_scores(hidden, self.gates.weight, self.gates.bias, self.score_weight)
        return hidden, plain_scores(hidden, self.gates.weight, self.gates.bias, self.score_weight)

    def _hidden(self, bags: Tensor, dropout: float) -> Tensor:
        hidden = bags
        for layer in self.layers():
            hidden = activate_(functional.linear(hidden, layer.weight, layer.shift), layer.activation)
        return functional.dropout(hidden, dropout)

    def _before(self) -> Iterator[nn.Linear]:
        return (cast("nn.Linear", layer) for layer in self.before)

    def _score(self, tiles: Tensor, stage: int, weights: TileWeights) -> Tensor:
        head = slice(stage, stage + 1) if self.options.heads == "own" else slice(1)
        heads, D = self.score_weight.shape
        gates = weights.gates.view(2, heads, D, -1)[:, head].flatten(0, 2)
        bias = weights.gate_bias.view(2, heads, D)[:, head].flatten()
        return gated_scores(tiles, gates, bias, self.score_weight[head])

    def _claim(self, scores: Tensor, valid: Tensor, refined: list[Tensor]) -> Tensor:
        tile_logits = None if self.options.claim_by == "attention" else self._tile_logits(refined)
        claims = claim_each if self.options.maps == "classes" else claim
        return claims(scores, valid, self.options, tile_logits)

    @torch.no_grad()
    def _tile_logits(self, refined: list[Tensor]) -> Tensor:
        """Return what each stage's own head says of each tile alone, (B, S, N, C)."""
        heads = enumerate(zip(*self.stage_heads(), strict=True))
        tiles = [each.float() for each in refined]
        return torch.stack([functional.linear(tiles[min(s, len(tiles) - 1)], *head) for s, head in heads], 1)

    def _shown(self, claimed: Tensor, valid: Tensor, *, masks: bool | None) -> Tensor:
        if masks is None:
            masks = self.options.mask_mode == "always" or (self.options.mask_mode == "train" and self.training)
        if not masks or self.options.maps == "classes":
            return valid[:, None].expand_as(claimed)
        claimed_before = claimed.cumsum(1) - claimed.long()
        return valid[:, None] & (claimed_before == 0)

    def _weigh(self, pooled: Tensor, active: Tensor) -> Tensor:
        if self.fusion is None:
            return active / active.sum(1, keepdim=True)
        return _masked_softmax(active, self.fusion(pooled)[..., 0])

    def _answer(self, beta: Tensor, pooled: Tensor) -> Tensor:
        if self.options.maps == "classes":
            return (self.classifier.weight * pooled).sum(-1) + self.classifier.bias
        logits: Tensor = self.classifier((beta[..., None] * pooled).sum(1))
        return logits


def _masked_softmax(shown: Tensor, scores: Tensor) -> Tensor:
    active = shown.any(-1, keepdim=True)  # rows that are shown nothing are not masked here, so they give 0, never NaN
    return scores.masked_fill(active & ~shown, -torch.inf).softmax(-1).masked_fill(~shown, 0)


def _pool(attention: Tensor, refined: list[Tensor]) -> Tensor:
    if len(refined) == 1:
        return attention @ refined[0].float()
    return torch.cat([attention[:, s, None] @ tiles.float() for s, tiles in enumerate(refined)], 1)


class _Refinement(nn.Module):
    """The paper's block between two stages: a feed-forward net, then Nyström self-attention with a skip."""

    def __init__(self, hidden: int, dropout: float) -> None:
        super().__init__()
        self.feed = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.Dropout(dropout))
        self.before = nn.LayerNorm(hidden)
        self.attention = NystromAttention(
            dim=hidden,
            dim_head=max(1, hidden // NYSTROM_HEADS),
            heads=NYSTROM_HEADS,
            num_landmarks=max(1, hidden // 2),
            residual_conv_kernel=NYSTROM_KERNEL,
            dropout=dropout,
        )
        self.after = nn.LayerNorm(hidden)

    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        """Transform each bag on its own: its landmarks are means of neighbours, which padding would shift."""
        refined = torch.zeros_like(hidden)
        for bag, tiles in enumerate(valid):
            refined[bag, tiles] = self._refine(hidden[bag, tiles]).to(refined.dtype)
        return refined

    def _refine(self, tiles: Tensor) -> Tensor:
        fed = self.feed(tiles)
        refined: Tensor = self.after(fed + self.attention(self.before(fed)[None])[0])
        return refined


def _fusion(options: ModelOptions) -> nn.Sequential:
    width = options.fusion_width
    inner, outer = nn.Linear(options.hidden, width), nn.Linear(width, 1)
    activation = nn.ReLU() if options.fusion_activation == "relu" else nn.Tanh()
    return nn.Sequential(nn.Dropout(options.dropout), inner, activation, outer)


def _drawn(shape: tuple[int, ...], fan_in: int) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape).uniform_(-(fan_in**-0.5), fan_in**-0.5))  # as torch draws a Linear


def loss(output: MsmMilOutput, labels: Tensor, options: ModelOptions, class_weight: Tensor | None = None) -> Tensor:
    """Return the cross-entropy (CE) of the prediction plus the terms that the options weigh.

    These are `lambda_s` times the mean CE of the stages, `lambda_beta` times Σ β log β (lower for equal weights),
    and `lambda_c` times the away loss.
    """
    total = functional.cross_entropy(output.logits, labels, weight=class_weight)
    if options.lambda_s:
        total = total + options.lambda_s * _stage_loss(output, labels, options, class_weight)
    if options.lambda_beta:
        total = total + options.lambda_beta * (output.beta * output.beta.clamp(min=1e-12).log()).sum(1).mean()
    if options.lambda_c:
        total = total + options.lambda_c * away_loss(output.scores, output.claimed, output.shown[:, 0])
    return total


def _stage_loss(output: MsmMilOutput, labels: Tensor, options: ModelOptions, class_weight: Tensor | None) -> Tensor:
    active = output.shown.any(-1)  # (B, S)
    stage_labels = labels[:, None].expand_as(active)
    if options.stage_loss == "mean":
        return functional.cross_entropy(output.stage_logits[active], stage_labels[active], weight=class_weight)
    each = functional.cross_entropy(output.stage_logits[active], stage_labels[active], reduction="none")
    of_bag = torch.ones_like(labels, dtype=each.dtype) if class_weight is None else class_weight[labels]
    weights = of_bag[:, None] * output.beta  # (B, S)
    return (weights[active] * each).sum() / of_bag.sum()


def weights_of(network: MsmMil) -> dict[str, NDArray[np.float32]]:
    """Return a copy of the network's weights, as a checkpoint stores them."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in network.state_dict().items()}


def network_with(options: ModelOptions, weights: Mapping[str, NDArray[np.float32]]) -> MsmMil:
    """Return the network of these options with these weights, in evaluation mode."""
    with torch.device("meta"):  # draws no random numbers
        network = MsmMil(options)
    network.load_state_dict({name: torch.tensor(weight) for name, weight in weights.items()}, assign=True)
    return network.eval()
