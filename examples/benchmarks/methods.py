"""The methods of the bench, by name: what each builds for features of a length."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from examples.benchmarks.peers import FROM_TORCHMIL, Peer, make_peer
from examples.benchmarks.variants import (
    BetaLossPeer,
    Concatenated,
    Ensemble,
    GatedFusion,
    MassMasks,
    MsmPeer,
    RandomMasks,
)
from msm_mil_core.mil.model_options import ModelOptions, Preset, preset
from msm_mil_core.mil.network import MsmMil

HIDDEN, ATTENTION = 128, 64
"""Widths of every method: half of the preset's, as most features here are reduced to 128."""


@dataclass(frozen=True, slots=True)
class MsmVariant:
    """MSM-MIL, and in what it differs from a preset."""

    changes: dict[str, Any] = field(default_factory=dict)
    network: type[MsmMil] = MsmMil
    peer: type[MsmPeer] = MsmPeer
    name: Preset = "default"

    def __call__(self, features: int) -> MsmPeer:
        """Draw a network."""
        start = preset(self.name, features, 2).model_dump()
        here = {"hidden": HIDDEN, "attention": ATTENTION, "standardise": False}  # the bench standardises for all
        return self.peer(self.network(ModelOptions(**(start | here | self.changes))))


ABMIL = MsmVariant({"masked_stages": 0, "lambda_s": 0.0, "lambda_d": 0.0})
"""MSM-MIL without masked stages is gated ABMIL, so both are one code and differ in the stages alone."""

METHODS: dict[str, Callable[[int], Peer]] = {
    "abmil": ABMIL,
    "msm": MsmVariant(),
    "msm-explain": MsmVariant(name="explain"),
    "msm-random": MsmVariant(network=RandomMasks),
    "abmil x 3": lambda features: Ensemble([ABMIL(features) for _ in range(3)]),
} | {
    name: lambda features, name=name: make_peer(name, features, 2, HIDDEN, ATTENTION)
    for name in ("mean", "max", "acmil", "aem", "mhim", *FROM_TORCHMIL)
}

LINEAR = ("linear on mean features", "linear on mean colour")
"""Not trained as the others: logistic regressions, the check for shortcuts."""

ABLATION: dict[str, MsmVariant] = {
    **{f"stages T = {T}": MsmVariant({"masked_stages": T}) for T in (0, 1, 4, 6)},
    **{f"K = {K}": MsmVariant({"k": K, "k_share": None}) for K in (2, 5, 10, 20)},
    **{f"K = {share:g} % of the bag": MsmVariant({"k_share": share / 100}) for share in (0.5, 1, 2, 3, 10, 20)},
    "K by half the attention mass, at most 20 %": MsmVariant(network=MassMasks),
    "masks in training only": MsmVariant({"mask_mode": "train"}),
    "masks in training only, K = 10 %": MsmVariant({"mask_mode": "train", "k_share": 0.1}),
    "masks in training only, K = 20 %": MsmVariant({"mask_mode": "train", "k_share": 0.2}),
    "masks never": MsmVariant({"mask_mode": "never"}),
    "masks random": MsmVariant(network=RandomMasks),
    "masks never, λd 0": MsmVariant({"mask_mode": "never", "lambda_d": 0.0}),
    "masks random, λd 0": MsmVariant({"lambda_d": 0.0}, network=RandomMasks),
    "one head for all": MsmVariant({"heads": "shared", "lambda_d": 0.0}),
    "fusion attention": MsmVariant({"fusion": "attention"}),
    "fusion attention, λβ 0.3": MsmVariant({"fusion": "attention", "lambda_beta": 0.3}),
    "fusion attention, λβ 1": MsmVariant({"fusion": "attention", "lambda_beta": 1.0}),
    "fusion gated": MsmVariant(network=GatedFusion),
    "fusion concatenation": MsmVariant(network=Concatenated),
    "λs 0": MsmVariant({"lambda_s": 0.0}),
    "λs 1": MsmVariant({"lambda_s": 1.0}),
    "λs weighted by β, fusion attention": MsmVariant({"fusion": "attention"}, peer=BetaLossPeer),
    **{f"λd {value:g}": MsmVariant({"lambda_d": value}) for value in (0, 0.01, 0.05, 0.1, 0.3)},
    "masks in training only, K = 10, λs 1, λd 0": MsmVariant(
        {"mask_mode": "train", "k": 10, "k_share": None, "lambda_s": 1.0, "lambda_d": 0.0}
    ),
    "refinement block": MsmVariant({"refine": "paper"}),
}
"""Each changes one thing of preset `default`."""
