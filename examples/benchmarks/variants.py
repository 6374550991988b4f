"""MSM-MIL as a peer, and controls and variants of it that only the bench needs.

Letters: B bags, N tiles, P features of a tile, L hidden width, S stages, C classes.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from examples.benchmarks.peers import Peer, PeerOutput
from msm_mil_core.mil.masking import claim
from msm_mil_core.mil.model_options import ModelOptions
from msm_mil_core.mil.network import MsmMil, MsmMilOutput, loss

LARGEST_MASS_SHARE = 0.2  # of a bag's tiles, where a stage claims by mass


class MsmPeer(Peer):
    """An MSM-MIL network behind the interface of the peers; its maps are the scores, -inf where nothing is shown."""

    def __init__(self, network: MsmMil) -> None:
        super().__init__()
        self.network = network

    def forward(self, bags: Tensor, valid: Tensor) -> PeerOutput:
        """Read the bags as the network's mask mode says."""
        output = self.network(bags, valid)
        return PeerOutput(output.logits, output.scores.masked_fill(~output.shown, -torch.inf))

    def loss(self, bags: Tensor, valid: Tensor, labels: Tensor, class_weight: Tensor | None = None) -> Tensor:
        """Return the network's own loss."""
        return loss(self.network(bags, valid), labels, self.network.options, class_weight)

    def claimed(self, bags: Tensor, valid: Tensor) -> Tensor:
        """Return the tiles each stage takes, (B, S, N) bool."""
        output: MsmMilOutput = self.network(bags, valid)
        return output.claimed


class BetaLossPeer(MsmPeer):
    """Stage losses weighted by the stages' own weights, so that a stage without evidence need not answer."""

    def loss(self, bags: Tensor, valid: Tensor, labels: Tensor, class_weight: Tensor | None = None) -> Tensor:
        """CE of the answer plus Σ β CE of the stages, β without gradient, plus what else the options weigh."""
        output, options = self.network(bags, valid), self.network.options
        rest = loss(output, labels, options.replace(lambda_s=0.0), class_weight)
        each = functional.cross_entropy(
            output.stage_logits.flatten(0, 1),
            labels.repeat_interleave(options.stages),
            weight=class_weight,
            reduction="none",
        )
        weighed = (output.beta.detach() * each.view(len(labels), -1)).sum(1).mean()
        return rest + options.lambda_s * weighed


class RandomMasks(MsmMil):
    """The control: each stage takes as many tiles as ever, but any."""

    def _claim(self, scores: Tensor, valid: Tensor, _refined: list[Tensor]) -> Tensor:
        return claim(torch.rand_like(scores), valid, self.options)


class MassMasks(MsmMil):
    """A stage takes tiles until it has half of its attention, but no more than a share of the bag."""

    def _claim(self, scores: Tensor, valid: Tensor, _refined: list[Tensor]) -> Tensor:
        keep, claims = valid, []
        for stage in range(scores.shape[1]):
            attention = scores[:, stage].masked_fill(~keep, -torch.inf).softmax(-1)
            ranked, order = attention.sort(descending=True, stable=True)
            before = ranked.cumsum(-1) - ranked
            most = (LARGEST_MASS_SHARE * valid.sum(1, keepdim=True)).ceil()
            room = keep.sum(1, keepdim=True) - self.options.min_keep * (stage < self.options.masked_stages)
            place = torch.arange(ranked.shape[1], device=ranked.device)
            taken = (before < 0.5) & (place < torch.minimum(most, room))
            claims.append(torch.zeros_like(valid).scatter(1, order, taken) & keep)
            keep = keep & ~claims[-1]
        return torch.stack(claims, 1)


class GatedFusion(MsmMil):
    """Stages weighed by gated attention over their embeddings."""

    def __init__(self, options: ModelOptions) -> None:
        super().__init__(options)
        self.fusion_V = nn.Linear(options.hidden, options.attention)
        self.fusion_U = nn.Linear(options.hidden, options.attention)
        self.fusion_w = nn.Linear(options.attention, 1)

    def _weigh(self, pooled: Tensor, looked: Tensor) -> Tensor:
        scores = self.fusion_w(self.fusion_V(pooled).tanh() * self.fusion_U(pooled).sigmoid())[..., 0]  # (B, S)
        return scores.masked_fill(~looked, -torch.inf).softmax(-1)


class Concatenated(MsmMil):
    """Stages side by side before one classifier, instead of a mean."""

    def __init__(self, options: ModelOptions) -> None:
        super().__init__(options)
        self.classifier = nn.Linear(options.stages * options.hidden, options.classes)

    def _answer(self, beta: Tensor, pooled: Tensor) -> Tensor:
        logits: Tensor = self.classifier((beta[..., None] * pooled).flatten(1))
        return logits


class Ensemble(Peer):
    """Peers that know nothing of each other; the answer is the mean of theirs, the maps are all of theirs."""

    def __init__(self, members: list[Peer]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, bags: Tensor, valid: Tensor) -> PeerOutput:
        """Ask every member."""
        said = [member(bags, valid) for member in self.members]
        return PeerOutput(torch.stack([one.logits for one in said]).mean(0), torch.cat([one.maps for one in said], 1))

    def loss(self, bags: Tensor, valid: Tensor, labels: Tensor, class_weight: Tensor | None = None) -> Tensor:
        """Return the sum of the members' losses: each learns as if alone."""
        return torch.stack([member.loss(bags, valid, labels, class_weight) for member in self.members]).sum()
