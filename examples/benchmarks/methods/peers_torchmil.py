"""Peers from the package torchmil, for two classes: its models give one logit z, ours are [0, z].

Its models read bag by bag here. In batches, DSMIL could choose padding as its critical tile, TransMIL takes no mask,
and DTFD-MIL could make a pseudo-bag of padding alone.

Letters: B bags, N tiles, P features of a tile.
"""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from examples.benchmarks.methods.peers import AdditivePeer, Peer, PeerOutput, Widths
from msm_mil_core.errors import MsmMilError

try:
    from torchmil import models as torchmil_models
    from torchmil.nn import AttentionPool
except ImportError as exc:
    raise MsmMilError("This peer needs the package torchmil: pip install 'napari-msm-mil[bench]'") from exc

CLAM_TILES = 8  # of highest, and as many of lowest attention, get pseudo-labels
CLAM_BAG_WEIGHT = 0.7
TRANSMIL_HEADS = 8
TRANSMIL_DROPOUT = 0.1
DTFD_PSEUDO_BAGS = 4


def make_torchmil_peer(name: str, widths: Widths) -> Peer:
    """Build the peer of this name around torchmil's model.

    Raises
    ------
    ValueError
        If there are other than two classes.
    """
    if widths.classes != 2:
        raise ValueError(f"{name} comes from torchmil, which knows two classes, not {widths.classes}.")
    return _PEERS[name](widths)


class _TorchmilPeer(Peer):
    """A model of torchmil that reads one bag at a time."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, bags: Tensor, valid: Tensor) -> PeerOutput:
        """Read the bags one by one, without their padding."""
        logits = bags.new_zeros(len(bags), 2)
        maps = bags.new_full((len(bags), 1, bags.shape[1]), -torch.inf)
        for bag, tiles in enumerate(valid):
            logits[bag, 1], maps[bag, 0, tiles] = self._read(bags[bag, tiles])
        return PeerOutput(logits, maps)

    def loss(self, bags: Tensor, valid: Tensor, labels: Tensor, class_weight: Tensor | None = None) -> Tensor:
        """Return the mean of the bags' losses, weighted by their classes as cross entropy would."""
        losses = torch.stack([self._loss_of(bags[bag, tiles], labels[bag]) for bag, tiles in enumerate(valid)])
        weight = torch.ones_like(losses) if class_weight is None else class_weight[labels]
        return (weight * losses).sum() / weight.sum()

    @abstractmethod
    def _read(self, bag: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logit () and the scores (N,) of a bag (N, P)."""

    def _loss_of(self, bag: Tensor, label: Tensor) -> Tensor:
        return torch.stack(list(self._losses_of(bag, label).values())).sum()

    def _losses_of(self, bag: Tensor, label: Tensor) -> dict[str, Tensor]:
        _, losses = self.model.compute_loss(label[None], bag[None])
        return losses


class ClamPeer(_TorchmilPeer, AdditivePeer):
    """CLAM-SB (Lu et al., Nat. Biomed. Eng. 2021); the map is the gated attention."""

    def __init__(self, widths: Widths) -> None:
        options = _shared_options(widths) | {"gated": True, "k_sample": CLAM_TILES}
        super().__init__(torchmil_models.CLAM_SB(**options))
        self.model.inst_loss_fn = _SmoothTop1Svm()  # torchmil 1.0's pairs each tile with every tile's label

    def _read(self, bag: Tensor) -> tuple[Tensor, Tensor]:
        logit, scores = self.model(bag[None], return_att=True)  # (1,), (1, N)
        return logit[0], scores[0]

    def evidence(self, bags: Tensor, valid: Tensor) -> Tensor:
        """Return the tiles' logits times their attention."""
        added, head = bags.new_zeros(*valid.shape, 2), self.model.classifier
        for bag, tiles in enumerate(valid):
            _, scores, hidden = self.model(bags[bag, tiles][None], return_att=True, return_emb=True)
            alone = (head(hidden) - head(torch.zeros_like(hidden[:, :1])))[0, :, 0]  # without the bias
            added[bag, tiles, 1] = scores[0].softmax(-1) * alone
        return added

    def _loss_of(self, bag: Tensor, label: Tensor) -> Tensor:
        losses = self._losses_of(bag, label)
        tiles = losses.pop("InstLoss")
        (answer,) = losses.values()
        return CLAM_BAG_WEIGHT * answer + (1 - CLAM_BAG_WEIGHT) * tiles


class DsmilPeer(_TorchmilPeer):
    """DSMIL (Li et al., CVPR 2021); the answer is the mean of its two streams, the map its attention."""

    def __init__(self, widths: Widths) -> None:
        super().__init__(torchmil_models.DSMIL(**_shared_options(widths)))

    def _read(self, bag: Tensor) -> tuple[Tensor, Tensor]:
        logit, attention, tile_logits = self.model(bag[None], return_att=True, return_inst_pred=True)
        return (logit[0] + tile_logits[0].max()) / 2, attention[0, :, 0]


class TransmilPeer(_TorchmilPeer):
    """TransMIL (Shao et al., NeurIPS 2021); the map is what the class token attends to in the last layer.

    torchmil makes the whole (heads, N, N) attention for the map: memory grows with N² outside training.
    """

    def __init__(self, widths: Widths) -> None:
        options = {"att_dim": widths.hidden, "n_heads": TRANSMIL_HEADS, "dropout": TRANSMIL_DROPOUT}
        super().__init__(torchmil_models.TransMIL(**_shared_options(widths) | options))

    def _read(self, bag: Tensor) -> tuple[Tensor, Tensor]:
        logit, attention = self.model(bag[None], return_att=True)  # (1,), (1, N)
        return logit[0], attention[0]


class DtfdPeer(_TorchmilPeer, AdditivePeer):
    """DTFD-MIL with aggregated features, AFS (Zhang et al., CVPR 2022); the map is the first tier's class activation.

    Its pseudo-bags are drawn anew in training; outside training the draw is always the same for the same N.
    """

    attends = False

    def __init__(self, widths: Widths) -> None:
        options = {"n_groups": DTFD_PSEUDO_BAGS, "distill_mode": "afs"}
        super().__init__(torchmil_models.DTFDMIL(**_shared_options(widths) | options))
        for tier in ("attention_pool", "u_attention_pool"):  # gated as in the paper; torchmil has no option for it
            setattr(self.model, tier, AttentionPool(widths.hidden, widths.attention, gated=True))

    def _read(self, bag: Tensor) -> tuple[Tensor, Tensor]:
        with _numpy_draws(self._seed()):
            logit, activation = self.model(bag[None], return_inst_cam=True)  # (1,), (1, N)
        return logit[0], activation[0]

    def evidence(self, bags: Tensor, valid: Tensor) -> Tensor:
        """Return the class activation: what the method shows as evidence, though its answer is no sum of it."""
        activation = self(bags, valid).maps[:, 0].masked_fill(~valid, 0)
        return torch.stack([torch.zeros_like(activation), activation], -1)

    def _losses_of(self, bag: Tensor, label: Tensor) -> dict[str, Tensor]:
        with _numpy_draws(self._seed()):
            return super()._losses_of(bag, label)

    def _seed(self) -> int:
        return int(torch.randint(2**31, ())) if self.training else 0


_PEERS: dict[str, type[ClamPeer] | type[DsmilPeer] | type[TransmilPeer] | type[DtfdPeer]] = {
    "clam-sb": ClamPeer,
    "dsmil": DsmilPeer,
    "transmil": TransmilPeer,
    "dtfd": DtfdPeer,
}


class _SmoothTop1Svm(nn.Module):
    """The smooth top-1 SVM with margin 1 and temperature 1 (Berrada et al. 2018, eq. 6 for k = 1)."""

    def forward(self, tile_logits: Tensor, targets: Tensor) -> Tensor:
        """Compare logits (n, 2) with targets (n, 1), which torchmil gives as floats."""
        targets = targets[:, 0].long()
        margin = 1 - functional.one_hot(targets, tile_logits.shape[1])
        return functional.cross_entropy(tile_logits + margin, targets)


def _shared_options(widths: Widths) -> dict[str, object]:
    projection = nn.Sequential(nn.Linear(widths.features, widths.hidden), nn.ReLU())
    return {"in_shape": (widths.features,), "att_dim": widths.attention, "feat_ext": projection}


@contextmanager
def _numpy_draws(seed: int) -> Iterator[None]:
    """Let numpy's global generator, from which torchmil draws pseudo-bags, start at a seed; put it back afterwards."""
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)
