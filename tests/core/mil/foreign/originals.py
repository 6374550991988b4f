"""Attention models as others publish them: the layers by their published names and shapes, written here for tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

ATTENTION = 3.0
"""How much larger than torch draws them the last weights are: so that attention chooses."""


@dataclass(frozen=True)
class Widths:
    """The widths of a drawn model."""

    features: int = 12
    hidden: int = 8
    attention: int = 5
    classes: int = 2


class Attention(nn.Module):
    """CLAM's and MIL-Lab's attention: two branches and a third layer, or one branch, with dropout between or not."""

    def __init__(self, widths: Widths, maps: int, *, gated: bool, dropout: bool) -> None:
        super().__init__()
        L, D = widths.hidden, widths.attention
        drop = [nn.Dropout(0.25)] if dropout else []
        self.gated = gated
        if gated:
            self.attention_a = nn.Sequential(nn.Linear(L, D), nn.Tanh(), *drop)
            self.attention_b = nn.Sequential(nn.Linear(L, D), nn.Sigmoid(), *drop)
            self.attention_c = nn.Linear(D, maps)
        else:
            self.module = nn.Sequential(nn.Linear(L, D), nn.Tanh(), *drop, nn.Linear(D, maps))
        last = self.attention_c if gated else self.module[-1]
        nn.init.normal_(last.weight, std=ATTENTION)

    def forward(self, hidden: Tensor) -> Tensor:
        if not self.gated:
            return self.module(hidden)
        return self.attention_c(self.attention_a(hidden) * self.attention_b(hidden))


class Clam(nn.Module):
    """CLAM: one attention for all classes, or one a class, each with its own layer to its logit."""

    def __init__(self, widths: Widths, *, branches: bool, gated: bool, dropout: bool) -> None:
        super().__init__()
        L, C = widths.hidden, widths.classes
        attention = Attention(widths, C if branches else 1, gated=gated, dropout=dropout)
        drop = [nn.Dropout(0.25)] if dropout else []
        self.attention_net = nn.Sequential(nn.Linear(widths.features, L), nn.ReLU(), *drop, attention)
        self.classifiers = nn.ModuleList(nn.Linear(L, 1) for _ in range(C)) if branches else nn.Linear(L, C)
        self.instance_classifiers = nn.ModuleList(nn.Linear(L, 2) for _ in range(C))

    def forward(self, bag: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.attention_net[:-1](bag)
        attention = self.attention_net[-1](hidden).mT.softmax(-1)  # (maps, N)
        pooled = attention @ hidden
        if isinstance(self.classifiers, nn.Linear):
            return attention, self.classifiers(pooled)[0]
        return attention, torch.cat([layer(of_class) for layer, of_class in zip(self.classifiers, pooled, strict=True)])


class MilLab(nn.Module):
    """ABMIL as MIL-Lab builds it; FEATHER is this, pretrained."""

    def __init__(self, widths: Widths, *, layers: int, gated: bool, dropout: bool = True) -> None:
        super().__init__()
        L = widths.hidden
        sides = [widths.features, *[L] * layers]
        embed = [
            part
            for of, into in pairwise(sides)
            for part in (nn.Linear(of, into), nn.ReLU(), *([nn.Dropout(0.25)] if dropout else []))
        ]
        self.patch_embed = nn.Sequential(*embed)
        self.global_attn = Attention(widths, 1, gated=gated, dropout=True)
        self.classifier = nn.Linear(L, widths.classes)

    def forward(self, bag: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.patch_embed(bag)
        attention = self.global_attn(hidden).mT.softmax(-1)
        return attention, self.classifier(attention @ hidden)[0]


class Ilse(nn.Module):
    """ABMIL as Ilse et al. publish it, on features: one output, through a sigmoid."""

    def __init__(self, widths: Widths, *, gated: bool, projected: bool) -> None:
        super().__init__()
        L, D = widths.hidden if projected else widths.features, widths.attention
        if projected:
            self.feature_extractor_part2 = nn.Sequential(nn.Linear(widths.features, L), nn.ReLU())
        self.projected, self.gated = projected, gated
        if gated:
            self.attention_V = nn.Sequential(nn.Linear(L, D), nn.Tanh())
            self.attention_U = nn.Sequential(nn.Linear(L, D), nn.Sigmoid())
            self.attention_weights = nn.Linear(D, 1)
        else:
            self.attention = nn.Sequential(nn.Linear(L, D), nn.Tanh(), nn.Linear(D, 1))
        self.classifier = nn.Sequential(nn.Linear(L, 1), nn.Sigmoid())

    def forward(self, bag: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.feature_extractor_part2(bag) if self.projected else bag
        if self.gated:
            scores = self.attention_weights(self.attention_V(hidden) * self.attention_U(hidden))
        else:
            scores = self.attention(hidden)
        attention = scores.mT.softmax(-1)
        z = self.classifier[0](attention @ hidden)[0]
        return attention, torch.cat([torch.zeros(1), z])


def drawn(model: nn.Module, bag: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The attention (maps, N) and the logits (C,) of an original for a bag (N, P)."""
    with torch.no_grad():
        attention, logits = model.eval()(torch.from_numpy(bag))
    return attention.numpy(), logits.numpy()


def saved(model: nn.Module, path: Path, *, prefix: str = "", nests: Sequence[str] = (), **beside: object) -> Path:
    """Save a model's weights as training programs do: under a prefix, within nests, beside other things."""
    state: object = {f"{prefix}{name}": tensor for name, tensor in model.state_dict().items()}
    for nest in reversed(nests):
        state = {nest: state, **beside}
    torch.save(state, path)
    return path
