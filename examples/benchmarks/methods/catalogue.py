"""The methods of the bench, by name: what each builds for features of a length and a number of classes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from examples.benchmarks.methods.peers import FROM_TORCHMIL, Peer, make_peer
from examples.benchmarks.methods.variants import Ensemble, GatedFusion, MsmPeer, RandomMasks
from msm_mil_core.mil.model_options import ModelOptions, Preset, preset
from msm_mil_core.mil.network import MsmMil

HIDDEN, ATTENTION = 128, 64
"""Widths of every method: half of the preset's, as most features here are reduced to 128."""

Build = Callable[[int, int], Peer]
"""From the length of features and the number of classes."""


@dataclass(frozen=True, slots=True)
class MsmVariant:
    """MSM-MIL, and in what it differs from a preset."""

    changes: dict[str, Any] = field(default_factory=dict)
    network: type[MsmMil] = MsmMil
    name: Preset = "default"

    def __call__(self, features: int, classes: int) -> MsmPeer:
        """Draw a network."""
        start = preset(self.name, features, classes).model_dump()
        here = {"hidden": HIDDEN, "attention": ATTENTION, "standardise": False}  # the bench standardises for all
        return MsmPeer(self.network(ModelOptions(**(start | here | self.changes))))


ABMIL = MsmVariant(name="abmil")


def _three_of_abmil(features: int, classes: int) -> Peer:
    return Ensemble([ABMIL(features, classes) for _ in range(3)])


METHODS: dict[str, Build] = {
    "abmil": ABMIL,
    "msm": MsmVariant(),
    "msm-explain": MsmVariant(name="explain"),
    "msm-random": MsmVariant(network=RandomMasks),
    "msm-explain-random": MsmVariant(name="explain", network=RandomMasks),
    "abmil x 3": _three_of_abmil,
} | {
    name: lambda features, classes, name=name: make_peer(name, features, classes, HIDDEN, ATTENTION)
    for name in ("mean", "max", "acmil", "aem", "mhim", *FROM_TORCHMIL)
}
CONTROL_OF = {"msm": "msm-random", "msm-explain": "msm-explain-random"}
"""The same network under the same losses, whose masks fall on tiles drawn at random."""

LINEAR = ("linear on mean features", "linear on mean colour")
"""Not trained as the others: logistic regressions, the check for shortcuts."""

ABLATION: dict[str, MsmVariant] = {
    **{f"stages T = {T}": MsmVariant({"masked_stages": T}) for T in (1, 4)},
    **{f"K = {share:g} % of the bag": MsmVariant({"k_share": share / 100}) for share in (1, 2, 10)},
    "K by a fifth of the attention": MsmVariant({"claim_mass": 0.2}),
    "masks by evidence": MsmVariant({"claim_by": "evidence"}),
    "masks in training only": MsmVariant({"mask_mode": "train"}),
    "masks never": MsmVariant({"mask_mode": "never"}),
    "masks random": MsmVariant(network=RandomMasks),
    "one head for all": MsmVariant({"heads": "shared"}),
    "fusion mean": MsmVariant({"fusion": "mean", "lambda_beta": 0.0}),
    "fusion 16 wide": MsmVariant({"fusion_width": 16}),
    "fusion gated": MsmVariant({"fusion": "mean"}, network=GatedFusion),
    **{f"λs {value:g}": MsmVariant({"lambda_s": value}) for value in (0, 1)},
    **{f"λc {value:g}": MsmVariant({"lambda_c": value}) for value in (0, 0.1, 0.2, 0.3)},
    "refinement block": MsmVariant({"refine": "paper"}),
}
"""Each changes one thing of preset `default`."""
