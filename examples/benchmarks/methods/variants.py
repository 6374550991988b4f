"""MSM-MIL as a peer, and controls and variants of it that only the bench needs.

Letters: B bags, N tiles, P features of a tile, L hidden width, S stages, C classes.
"""

import torch
from torch import Tensor, nn

from examples.benchmarks.methods.peers import AdditivePeer, PeerOutput, added_by
from msm_mil_core.mil.masking import claim
from msm_mil_core.mil.model_options import ModelOptions
from msm_mil_core.mil.network import MsmMil, MsmMilOutput, loss


class MsmPeer(AdditivePeer):
    """An MSM-MIL network behind the interface of the peers; its maps are the scores, -inf where nothing is shown."""

    def __init__(self, network: MsmMil) -> None:
        super().__init__()
        self.network = network

    def forward(self, bags: Tensor, valid: Tensor) -> PeerOutput:
        """Read the bags as the network's mask mode says."""
        output = self.network(bags, valid)
        return PeerOutput(output.logits, output.scores.masked_fill(~output.shown, -torch.inf), output.beta)

    def evidence(self, bags: Tensor, valid: Tensor) -> Tensor:
        """Return the tiles' logits times their attention, fused by the stages' weights."""
        output = self.network(bags, valid)
        attention = torch.einsum("bs,bsn->bn", output.beta, output.attention)
        return added_by(attention, output.hidden, self.network.classifier)

    def loss(self, bags: Tensor, valid: Tensor, labels: Tensor, class_weight: Tensor | None = None) -> Tensor:
        """Return the network's own loss."""
        return loss(self.network(bags, valid), labels, self.network.options, class_weight)

    def claimed(self, bags: Tensor, valid: Tensor) -> Tensor:
        """Return the tiles each stage takes, (B, S, N) bool."""
        output: MsmMilOutput = self.network(bags, valid)
        return output.claimed


class RandomMasks(MsmMil):
    """The control: each stage takes as many tiles as ever, but any."""

    def _claim(self, scores: Tensor, valid: Tensor, _refined: list[Tensor]) -> Tensor:
        return claim(torch.rand_like(scores), valid, self.options)


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


class Ensemble(AdditivePeer):
    """Peers that know nothing of each other; the answer is the mean of theirs, the maps are all of theirs."""

    def __init__(self, members: list[AdditivePeer]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, bags: Tensor, valid: Tensor) -> PeerOutput:
        """Ask every member."""
        said = [member(bags, valid) for member in self.members]
        return PeerOutput(torch.stack([one.logits for one in said]).mean(0), torch.cat([one.maps for one in said], 1))

    def evidence(self, bags: Tensor, valid: Tensor) -> Tensor:
        """Return the mean of the members' evidence."""
        return torch.stack([member.evidence(bags, valid) for member in self.members]).mean(0)

    def loss(self, bags: Tensor, valid: Tensor, labels: Tensor, class_weight: Tensor | None = None) -> Tensor:
        """Return the sum of the members' losses: each learns as if alone."""
        return torch.stack([member.loss(bags, valid, labels, class_weight) for member in self.members]).sum()
