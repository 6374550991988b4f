"""All options of an MSM-MIL network, and its presets."""

from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from msm_mil_core.mil.map_names import MapOwner
from msm_mil_core.options import Options

Preset = Literal["paper", "default", "explain", "abmil", "mean"]
Activation = Literal["relu", "gelu", "none"]

PAPER_HIDDEN = {384: 128, 512: 256, 768: 384, 1024: 512, 1536: 768}
"""Widths of the projection, by feature length, as the authors' published code sets them."""

NYSTROM_HEADS = 8
NYSTROM_KERNEL = 33
"""Heads of the refinement block's self-attention, and taps of its convolution along the tiles."""

MOST_MAPS = 33
"""As many maps as a result can hold."""


class ModelOptions(Options):
    """The shape of an MSM-MIL network, its masks, and the weights of its loss."""

    preset: Preset = "default"
    """The preset these options started from."""
    features: int = Field(ge=1)
    """Length P of a tile's feature vector."""
    classes: int = Field(ge=2)
    """Number C of classes."""
    hidden: int = Field(ge=1)
    """Width L of the projected features; P where there is no projection."""
    before: tuple[int, ...] = ()
    """Widths of linear layers with bias before the projection, each followed by the same activation as it, or by ReLU
    where it has none. Our own models have no such layers; those of others may."""
    projection: Literal["plain", "biased", "none"] = "plain"
    """The linear layer that gives the projected features: without bias, with bias, or none."""
    activation: Activation = "relu"
    """What follows the projection."""
    attention: int = Field(default=128, ge=1)
    """Width D of the attention heads."""
    gated: bool = True
    """Whether attention is gated (Ilse et al. 2018, eq. 9), or has no gates (eq. 8)."""
    maps: MapOwner = "stages"
    """Whose the attention maps are: the stages', or the classes', each of which answers by its own map alone and hides
    nothing from the others, as in CLAM's multi-branch model."""
    pooling: Literal["attention", "mean"] = "attention"
    """Whether a stage attends to its tiles, or takes the mean of all: then there is one stage and nothing is masked."""
    masked_stages: int = Field(default=2, ge=0, le=32)
    """Number T of masked stages; there are S = T + 1 stages in all."""
    k: int = Field(default=10, ge=1)
    """How many tiles a stage claims."""
    k_share: float | None = Field(default=None, gt=0, le=1)
    """What a stage claims as a share of the bag's tiles (at least one); if set, `k` is not used."""
    claim_mass: float | None = Field(default=None, gt=0, lt=1)
    """What a stage claims as a share of its attention: the first tiles of its ranking that hold so much; if set,
    neither `k` nor `k_share` is used, and `min_keep` is at least 1."""
    claim_by: Literal["attention", "evidence"] = "attention"
    """How a stage ranks the tiles that it may claim: by attention, or by attention times what a tile adds to the class
    that the stage's own head answers."""
    min_keep: int = Field(default=1, ge=0)
    """Least number of tiles that the masks leave for the last stage."""
    mask_mode: Literal["train", "always", "never"] = "train"
    """When claimed tiles are hidden from later stages: in training only, also at inference, or never."""
    heads: Literal["own", "shared"] = "own"
    """Whether each stage has attention weights of its own."""
    refine: Literal["none", "paper"] = "none"
    """Whether tiles are transformed between stages, as the paper's block does; it makes the order of tiles matter."""
    fusion: Literal["mean", "attention"] = "mean"
    """How the stages' bag embeddings are weighed."""
    fusion_width: int = Field(default=128, ge=1)
    """Width of the net that weighs the stages (attention fusion)."""
    fusion_activation: Literal["relu", "tanh"] = "relu"
    """What the hidden units of that net compute. A narrow net of ReLUs may start dead, and then weighs all alike."""
    lambda_s: float = Field(default=1.0, ge=0)
    """Weight of the stages' own losses."""
    stage_loss: Literal["mean", "beta"] = "mean"
    """How the stages' own losses are averaged: all alike, or by the stages' weights in the prediction."""
    lambda_beta: float = Field(default=0.0, ge=0)
    """Weight of the stage weights' negative entropy, which prevents attention fusion from using one stage alone."""
    lambda_c: float = Field(default=0.0, ge=0)
    """Weight of the away loss: training with it makes stages turn from what earlier ones claimed."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of projected features dropped while training."""
    standardise: bool = False
    """Whether features are standardised by a mean and a standard deviation that are stored with the weights."""

    @model_validator(mode="after")
    def _keeps_a_tile(self) -> Self:
        if self.claim_mass is not None and not self.min_keep:
            raise ValueError("claim_mass needs min_keep of at least 1")
        return self

    @model_validator(mode="after")
    def _mean_is_one_stage(self) -> Self:
        if self.pooling == "mean" and (self.masked_stages or self.refine != "none" or self.fusion != "mean"):
            raise ValueError("pooling by the mean has no masked stages, no refinement block and nothing to fuse")
        return self

    @model_validator(mode="after")
    def _projects(self) -> Self:
        if self.projection == "none" and (self.before or self.activation != "none" or self.hidden != self.features):
            raise ValueError("without a projection there are no layers before it, no activation, and L is P")
        if self.standardise and (self.before or self.projection == "none"):
            raise ValueError("features are standardised in the projection, which must be the only layer")
        if min(self.before, default=1) < 1:
            raise ValueError("a layer before the projection is at least 1 wide")
        return self

    @model_validator(mode="after")
    def _maps_of_classes(self) -> Self:
        several = self.masked_stages or self.heads != "own" or self.fusion != "mean" or self.pooling != "attention"
        if self.maps == "classes" and (several or self.classes > MOST_MAPS):
            raise ValueError(f"a map a class has no masked stages, nothing to fuse, and {MOST_MAPS} classes at most")
        return self

    @model_validator(mode="after")
    def _refines_plain_tiles(self) -> Self:
        plain = self.gated and self.maps == "stages" and self.projection == "plain" and self.activation == "relu"
        if self.refine != "none" and (not plain or self.before):
            raise ValueError("a refinement block follows a plain projection and gated attention")
        return self

    @property
    def stages(self) -> int:
        """Number S of stages, or of maps where each class has its own."""
        return self.classes if self.maps == "classes" else self.masked_stages + 1

    @property
    def gate_heads(self) -> int:
        """How many heads have gates of their own; the maps of classes share theirs, and have score weights alone."""
        return self.stages if self.heads == "own" and self.maps == "stages" else 1

    @property
    def activation_before(self) -> Activation:
        """What follows each layer before the projection."""
        return "relu" if self.activation == "none" else self.activation


def preset(name: Preset, features: int, classes: int) -> ModelOptions:
    """Return the options of a preset for features of length `features` and `classes` classes.

    Raises
    ------
    ValueError
        If there is no such preset.
    """
    if name not in get_args(Preset):
        raise ValueError(f"There is no preset {name!r}; there are {', '.join(get_args(Preset))}.")
    if name == "paper":
        return _paper(features, classes)
    common = ModelOptions(
        preset=name,
        features=features,
        classes=classes,
        hidden=max(1, min(256, features // 2)),
        k_share=0.05,
        mask_mode="always",
        standardise=True,
    )
    return common.replace(**_CHANGES[name])


_FUSION = {"fusion": "attention", "fusion_width": 2, "fusion_activation": "tanh"}
"""A net so narrow adds a tenth to a result at most, for what-ifs need what it computes of every tile."""
_CHANGES: dict[Preset, dict[str, object]] = {
    "default": {"lambda_s": 0.3, "lambda_c": 0.2, "lambda_beta": 0.3, **_FUSION},
    "explain": {"lambda_s": 0.3, "lambda_c": 0.2, "lambda_beta": 1.0, "stage_loss": "beta", **_FUSION},
    "abmil": {"masked_stages": 0, "lambda_s": 0.0},
    "mean": {"masked_stages": 0, "lambda_s": 0.0, "pooling": "mean", "claim_by": "evidence"},
}
"""What a preset has of its own. Without masked stages MSM-MIL is gated ABMIL (Ilse et al. 2018, eq. 9)."""


def _paper(features: int, classes: int) -> ModelOptions:
    return ModelOptions(
        preset="paper",
        features=features,
        classes=classes,
        hidden=PAPER_HIDDEN.get(features, max(1, features // 2)),
        masked_stages=2 if classes == 2 else 6,
        min_keep=0,
        refine="paper",
        fusion="attention",
    )
