"""How a model differs from its preset; the help of each option says what the presets have."""

from typing import Literal

from pydantic import Field

from msm_mil_core.learning.training.preset_values import preset_values
from msm_mil_core.options import Options


class ModelChanges(Options):
    """How a model differs from its preset; what is left out stays as in the preset."""

    hidden: int | None = Field(default=None, ge=1)
    """Width of the projected features."""
    attention: int | None = Field(default=None, ge=1)
    """Width of the gated attention heads."""
    masked_stages: int | None = Field(default=None, ge=0, le=32)
    """Number of masked stages."""
    k: int | None = Field(default=None, ge=1)
    """How many tiles a stage claims, instead of a share of the bag's."""
    k_share: float | None = Field(default=None, gt=0, le=1)
    """What a stage claims as a share of the bag's tiles; if given, `k` is not used."""
    claim_mass: float | None = Field(default=None, gt=0, lt=1)
    """What a stage claims as a share of its attention; if given, neither `k` nor `k_share` is used."""
    claim_by: Literal["attention", "evidence"] | None = None
    """How a stage ranks the tiles that it may claim: by attention, or by attention times evidence."""
    mask_mode: Literal["train", "always", "never"] | None = None
    """When later stages are hidden what earlier ones claimed: while training only, also at inference, or never."""
    fusion: Literal["mean", "attention"] | None = None
    """How the stages' bag embeddings are weighted."""
    lambda_s: float | None = Field(default=None, ge=0)
    """Weight of the stages' own losses."""
    lambda_beta: float | None = Field(default=None, ge=0)
    """Weight of what keeps attention fusion from using one stage alone."""
    fusion_width: int | None = Field(default=None, ge=1)
    """Width of the net that weighs the stages."""
    fusion_activation: Literal["relu", "tanh"] | None = None
    """What the hidden units of that net compute."""
    stage_loss: Literal["mean", "beta"] | None = None
    """How the stages' own losses are averaged: all alike, or by the stages' weights in the prediction."""
    lambda_c: float | None = Field(default=None, ge=0)
    """Weight of the away loss, which makes stages turn from what earlier ones claimed."""
    dropout: float | None = Field(default=None, ge=0, lt=1)
    """Share of projected features dropped while training."""
    standardise: bool | None = None
    """Whether features are standardised by the mean and the standard deviation of the training tiles."""

    @property
    def given(self) -> dict[str, object]:
        """What differs, by name; a number of tiles takes the place of the preset's share."""
        changes = self.model_dump(exclude_none=True)
        return {"k_share": None} | changes if "k" in changes else changes


for _name, _field in ModelChanges.model_fields.items():
    _field.description = f"{_field.description} {preset_values(_name)}."
