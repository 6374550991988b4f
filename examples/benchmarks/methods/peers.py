"""Other aggregators of a bag of tiles, behind one small interface, to compare MSM-MIL with.

Written from the papers: ABMIL (Ilse et al. 2018), ACMIL (Zhang et al. 2024), AEM (Zhang et al. 2025),
MHIM-MIL (Tang et al. 2023). CLAM, DSMIL, TransMIL and DTFD-MIL come from the package torchmil.

Letters: B bags, N tiles, P features of a tile, L hidden width, D attention width, M attention maps, C classes.
"""

from abc import ABC, abstractmethod
from copy import deepcopy
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

FROM_TORCHMIL = ("clam-sb", "dsmil", "transmil", "dtfd")

ACMIL_BRANCHES = 5
ACMIL_TOP = 10  # of these tiles of each branch
ACMIL_MASKED = 0.6  # this share is hidden in training
AEM_WEIGHT = 0.1
MHIM_HARD = 0.03  # share of tiles, those the teacher likes best, that the student is not shown
MHIM_RANDOM = 0.5  # share of the remaining ones that it is not shown either
MHIM_DECAY = 0.999
MHIM_TEMPERATURE = 0.1
MHIM_CONSISTENCY = 0.1


@dataclass(frozen=True, slots=True)
class Widths:
    """How wide a peer is."""

    features: int
    """P."""
    classes: int
    """C."""
    hidden: int
    """L."""
    attention: int
    """D."""


@dataclass(frozen=True, slots=True, eq=False)
class PeerOutput:
    """What a peer says of a batch of bags."""

    logits: Tensor
    """(B, C)."""
    maps: Tensor
    """(B, M, N) scores of tiles, one row for each map the method has; of no meaning at padding."""
    weights: Tensor | None = None
    """(B, M), how the maps count in the answer; None where all count alike."""


class Peer(nn.Module, ABC):
    """An aggregator that can be trained: a bag of tiles in, logits and maps out."""

    attends: ClassVar[bool] = True
    """Whether its maps are attention; they are evidence otherwise."""

    @abstractmethod
    def forward(self, bags: Tensor, valid: Tensor) -> PeerOutput:
        """Read bags (B, N, P), of which `valid` (B, N) bool is False at padding; padding changes nothing."""

    def loss(self, bags: Tensor, valid: Tensor, labels: Tensor, class_weight: Tensor | None = None) -> Tensor:
        """Return the scalar to minimise, for labels (B,) int64 and weights (C,) of the classes."""
        return functional.cross_entropy(self(bags, valid).logits, labels, weight=class_weight)

    def after_step(self) -> None:
        """Do what the method does after each step of the optimiser."""


class AdditivePeer(Peer):
    """An aggregator whose answer is a sum over tiles, so that what each of them adds is known."""

    @abstractmethod
    def evidence(self, bags: Tensor, valid: Tensor) -> Tensor:
        """Return what each tile adds to each logit, (B, N, C); of max pooling, each tile's own logits."""


def make_peer(name: str, features: int, classes: int, hidden: int = 256, attention: int = 128) -> Peer:
    """Build the peer of this name, one of `PEERS`, with weights newly drawn.

    Raises
    ------
    ValueError
        If no peer has this name, or a peer of torchmil is asked for other than two classes.
    MsmMilError
        If torchmil is needed and is not installed.
    """
    widths = Widths(features, classes, hidden, attention)
    if name in _OWN:
        return _OWN[name](widths)
    if name in FROM_TORCHMIL:
        from examples.benchmarks.methods.peers_torchmil import make_torchmil_peer

        return make_torchmil_peer(name, widths)
    raise ValueError(f"No peer is called {name!r}; there are {', '.join(PEERS)}.")


class _InstancePeer(AdditivePeer):
    """Each tile has logits of its own; its map for class c > 0 is its evidence for c over class 0 (M = C - 1)."""

    attends = False

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        self.projection = _projection(widths)
        self.classifier = nn.Linear(widths.hidden, widths.classes)

    def forward(self, bags: Tensor, valid: Tensor) -> PeerOutput:
        """Classify the tiles, then pool their logits."""
        tile_logits = self.classifier(self.projection(bags))  # (B, N, C)
        evidence = tile_logits[..., 1:] - tile_logits[..., :1]  # (B, N, C - 1)
        return PeerOutput(self._pool(tile_logits, valid[..., None]), evidence.mT)

    def evidence(self, bags: Tensor, valid: Tensor) -> Tensor:
        """Return the tiles' own logits."""
        return self.classifier(self.projection(bags)).masked_fill(~valid[..., None], 0)

    @abstractmethod
    def _pool(self, tile_logits: Tensor, valid: Tensor) -> Tensor: ...


class MeanPeer(_InstancePeer):
    """The mean of the tiles; their classifier is linear, so it may come before the mean or after."""

    def _pool(self, tile_logits: Tensor, valid: Tensor) -> Tensor:
        return tile_logits.masked_fill(~valid, 0).sum(1) / valid.sum(1)


class MaxPeer(_InstancePeer):
    """The largest logit of any tile, class by class."""

    def _pool(self, tile_logits: Tensor, valid: Tensor) -> Tensor:
        return tile_logits.masked_fill(~valid, -torch.inf).amax(1)


class AbmilPeer(AdditivePeer):
    """ABMIL with gated attention (Ilse et al. 2018, eq. 9)."""

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        self.attention = _GatedAttention(widths, maps=1)
        self.classifier = nn.Linear(widths.hidden, widths.classes)

    def forward(self, bags: Tensor, valid: Tensor) -> PeerOutput:
        """Classify the mean of the tiles, weighted by attention."""
        hidden, scores = self.attention(bags, valid)  # (B, N, L), (B, 1, N)
        return PeerOutput(self.classifier(_pool(scores, hidden)[:, 0]), scores)

    def evidence(self, bags: Tensor, valid: Tensor) -> Tensor:
        """Return the tiles' logits times their attention."""
        hidden, scores = self.attention(bags, valid)
        return added_by(scores.softmax(-1)[:, 0], hidden, self.classifier)


class AemPeer(AbmilPeer):
    """ABMIL whose attention is rewarded for its entropy: CE + λ Σ a log a, with a constant λ."""

    def loss(self, bags: Tensor, valid: Tensor, labels: Tensor, class_weight: Tensor | None = None) -> Tensor:
        """CE of the answer, plus `AEM_WEIGHT` times the negative entropy of the attention, a mean over bags."""
        output = self(bags, valid)
        attention = output.maps.softmax(-1)  # (B, 1, N)
        negative_entropy = (attention * attention.clamp(min=1e-12).log()).sum(-1).mean()
        return functional.cross_entropy(output.logits, labels, weight=class_weight) + AEM_WEIGHT * negative_entropy


class AcmilPeer(AdditivePeer):
    """ACMIL: several branches that must look elsewhere, and must do without some of their best tiles in training.

    As in the authors' model the branches share the gates and have a score vector each.
    """

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        self.attention = _GatedAttention(widths, maps=ACMIL_BRANCHES)
        self.branch_classifiers = nn.ModuleList(nn.Linear(widths.hidden, widths.classes) for _ in range(ACMIL_BRANCHES))
        self.classifier = nn.Linear(widths.hidden, widths.classes)

    def forward(self, bags: Tensor, valid: Tensor) -> PeerOutput:
        """Classify the bag by the mean of the branches' attention; -inf marks what training hides from a branch."""
        hidden, scores = self._read(bags, valid)
        return PeerOutput(self._bag_logits(hidden, scores), scores)

    def evidence(self, bags: Tensor, valid: Tensor) -> Tensor:
        """Return the tiles' logits times their mean attention."""
        hidden, scores = self._read(bags, valid)
        return added_by(scores.softmax(-1).mean(1), hidden, self.classifier)

    def loss(self, bags: Tensor, valid: Tensor, labels: Tensor, class_weight: Tensor | None = None) -> Tensor:
        """CE of the bag, plus the mean CE of the branches, plus the mean cosine of their attention pair by pair."""
        hidden, scores = self._read(bags, valid)
        pooled = _pool(scores, hidden)  # (B, M, L)
        branches = [
            functional.cross_entropy(classifier(pooled[:, m]), labels, weight=class_weight)
            for m, classifier in enumerate(self.branch_classifiers)
        ]
        bag = functional.cross_entropy(self._bag_logits(hidden, scores), labels, weight=class_weight)
        return bag + torch.stack(branches).mean() + _mean_cosine(scores.softmax(-1))

    def _read(self, bags: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        hidden, scores = self.attention(bags, valid)  # (B, N, L), (B, M, N)
        if self.training:
            scores = scores.masked_fill(_drawn_of_the_best(scores.detach(), valid), -torch.inf)
        return hidden, scores

    def _bag_logits(self, hidden: Tensor, scores: Tensor) -> Tensor:
        bag_attention = scores.softmax(-1).mean(1, keepdim=True)  # (B, 1, N)
        logits: Tensor = self.classifier((bag_attention @ hidden)[:, 0])
        return logits


class MhimPeer(AbmilPeer):
    """MHIM-MIL on ABMIL: the student learns without the tiles its teacher likes best, and answers with all of them.

    The teacher starts as the student's copy and follows it by a moving average;
    the paper starts it from a trained ABMIL.
    """

    def __init__(self, widths: Widths) -> None:
        super().__init__(widths)
        self.teacher = deepcopy(self.attention).requires_grad_(requires_grad=False)

    def loss(self, bags: Tensor, valid: Tensor, labels: Tensor, class_weight: Tensor | None = None) -> Tensor:
        """CE of the student on what it is shown, plus its distance to the teacher's embedding of the whole bag."""
        with torch.no_grad():
            teacher_hidden, teacher_scores = self.teacher(bags, valid)
            shown = _without_the_hard(teacher_scores[:, 0], valid)  # (B, N)
            target = (_pool(teacher_scores, teacher_hidden)[:, 0] / MHIM_TEMPERATURE).softmax(-1)  # (B, L)
        hidden, scores = self.attention(bags, shown)
        embedding = _pool(scores, hidden)[:, 0]  # (B, L)
        consistency = functional.cross_entropy(embedding, target)
        answer = functional.cross_entropy(self.classifier(embedding), labels, weight=class_weight)
        return answer + MHIM_CONSISTENCY * consistency

    @torch.no_grad()
    def after_step(self) -> None:
        """Move the teacher a little towards the student."""
        for kept, new in zip(self.teacher.parameters(), self.attention.parameters(), strict=True):
            kept.lerp_(new, 1 - MHIM_DECAY)


_OWN: dict[str, type[_InstancePeer] | type[AbmilPeer] | type[AcmilPeer]] = {
    "mean": MeanPeer,
    "max": MaxPeer,
    "abmil": AbmilPeer,
    "acmil": AcmilPeer,
    "aem": AemPeer,
    "mhim": MhimPeer,
}
PEERS = ("mean", "max", "abmil", *FROM_TORCHMIL, "acmil", "aem", "mhim")


class _GatedAttention(nn.Module):
    """Project the tiles, then score them by gated attention: one score vector for each map, gates shared."""

    def __init__(self, widths: Widths, *, maps: int) -> None:
        super().__init__()
        self.projection = _projection(widths)
        self.V = nn.Linear(widths.hidden, widths.attention)
        self.U = nn.Linear(widths.hidden, widths.attention)
        self.w = nn.Linear(widths.attention, maps)

    def forward(self, bags: Tensor, shown: Tensor) -> tuple[Tensor, Tensor]:
        """Return the projected tiles (B, N, L) and their scores (B, M, N), -inf where nothing is shown."""
        hidden = self.projection(bags)
        scores = self.w(self.V(hidden).tanh() * self.U(hidden).sigmoid()).mT  # (B, M, N)
        return hidden, scores.masked_fill(~shown[:, None], -torch.inf)


def _projection(widths: Widths) -> nn.Sequential:
    return nn.Sequential(nn.Linear(widths.features, widths.hidden), nn.ReLU())


def added_by(attention: Tensor, hidden: Tensor, classifier: nn.Linear) -> Tensor:
    """Return what tiles (B, N, L) add to each logit through their attention (B, N), (B, N, C)."""
    return attention[..., None] * functional.linear(hidden, classifier.weight)


def _pool(scores: Tensor, hidden: Tensor) -> Tensor:
    return scores.softmax(-1) @ hidden  # (B, M, L)


def _mean_cosine(attention: Tensor) -> Tensor:
    unit = functional.normalize(attention, dim=-1)  # (B, M, N)
    first, second = torch.triu_indices(attention.shape[1], attention.shape[1], offset=1)
    return (unit @ unit.mT)[:, first, second].mean()


def _drawn_of_the_best(scores: Tensor, valid: Tensor) -> Tensor:
    best = scores.topk(min(ACMIL_TOP, scores.shape[-1])).indices  # (B, M, K)
    candidates = valid.sum(1).clamp(max=ACMIL_TOP)[:, None, None]  # (B, 1, 1): small bags have fewer than K
    rank = torch.arange(best.shape[-1], device=best.device)
    lots = torch.rand(best.shape, device=best.device).masked_fill(rank >= candidates, torch.inf)
    drawn = _rank(lots) < (ACMIL_MASKED * candidates).floor()  # (B, M, K); fewer than all, so a branch keeps some
    return torch.zeros_like(scores, dtype=torch.bool).scatter(-1, best, drawn)


def _without_the_hard(scores: Tensor, valid: Tensor) -> Tensor:
    tiles = valid.sum(1, keepdim=True)  # (B, 1)
    hard = torch.minimum((MHIM_HARD * tiles).ceil(), tiles - 1)  # one tile always stays
    easy = valid & (_rank(-scores) >= hard)  # (B, N); padding scores -inf, so it ranks last
    lots = torch.rand(scores.shape, device=scores.device).masked_fill(~easy, torch.inf)
    return easy & (_rank(lots) >= (MHIM_RANDOM * easy.sum(1, keepdim=True)).floor())


def _rank(values: Tensor) -> Tensor:
    return values.argsort(-1).argsort(-1)  # 0 for the smallest
