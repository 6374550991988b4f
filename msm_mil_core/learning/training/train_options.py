"""Everything a user may choose about training."""

from typing import Literal

from pydantic import Field

from msm_mil_core.learning.dataset.splits import SplitOptions
from msm_mil_core.mil.model_options import Preset
from msm_mil_core.options import Options
from msm_mil_core.precision import Precision


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


ABMIL = ModelChanges(masked_stages=0, lambda_s=0)
"""MSM-MIL without its masked stages is gated ABMIL (Ilse et al. 2018, eq. 9): one attention, one classifier."""


class CardOptions(Options):
    """What people who get the model should read about it."""

    data: str = ""
    """What it was trained on."""
    labels: str = ""
    """What its labels mean and how they came about."""
    citation: str = ""
    """What to cite for the data."""
    limits: str = "Research use, not for diagnosis."
    """What it must not be used for, and where it is known to fail."""
    demonstration: bool = False
    """Whether it only shows the method: its answers are then marked as not to be relied on."""
    licence: str = ""
    """Of the weights."""


class TrainOptions(Options):
    """How a model is trained."""

    name: str = Field(default="model", min_length=1)
    """The model's name, as tables and the window show it."""
    preset: Preset = "default"
    """Where the model's options start from: paper, default or explain."""
    model: ModelChanges = ModelChanges()
    """How the model differs from the preset."""
    split: SplitOptions = SplitOptions()
    """How bags are split where the table does not say."""
    encoder: str | None = Field(default=None, min_length=1)
    """The encoder that made the features, for files that do not name it."""
    side_px: int | None = Field(default=None, ge=1)
    """Side of the tiles as the encoder got them, for files that do not name it."""
    mpp: float | None = Field(default=None, gt=0)
    """Micrometres per pixel of the tiles, for files that do not name it."""
    epochs: int = Field(default=100, ge=1)
    """Maximum number of passes over the training bags."""
    patience: int = Field(default=20, ge=1)
    """Passes without a better validation loss after which training stops."""
    learning_rate: float = Field(default=1e-4, gt=0)
    """Of AdamW at the start; it decays to 0 along a cosine."""
    weight_decay: float = Field(default=1e-5, ge=0)
    """Of AdamW."""
    bags_per_step: int = Field(default=1, ge=1)
    """Bags that go through the network at once; several suit small bags."""
    accumulate: int = Field(default=1, ge=1)
    """Batches whose gradients are accumulated before the weights change; saves memory, not time."""
    keep_gib: float = Field(default=2.0, ge=0)
    """Memory for features, GiB: bags that fit are read once; the others are read again in each pass. No effect on the
    model."""
    tiles_per_bag: int | None = Field(default=None, ge=1)
    """Tiles drawn at random from each bag in each pass; all of them if left out."""
    balance: bool = True
    """Whether rare classes are weighted as much as common ones."""
    seed: int = Field(default=0, ge=0)
    """Another seed gives other first weights and another order of bags; the same one gives the same model on a CPU."""
    device: str = "auto"
    """What computes: auto (CUDA, MPS, else the CPU), cpu, cuda, cuda:1, mps; cuda:0,cuda:1 with --folds or --seeds."""
    precision: Precision = "auto"
    """Number format: auto (bfloat16 on CUDA devices that have it, else float32), float32, bfloat16, float16."""
    card: CardOptions = CardOptions()
    """What people who get the model should read about it."""


WITHOUT_EFFECT = ("keep_gib",)
"""Options on which the model does not depend: another value continues the same training."""
