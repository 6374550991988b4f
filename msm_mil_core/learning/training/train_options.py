"""Everything a user may choose about training."""

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from msm_mil_core.learning.dataset.split_options import SplitOptions
from msm_mil_core.learning.training.model_changes import ModelChanges
from msm_mil_core.mil.model_options import Preset, preset
from msm_mil_core.options import Options
from msm_mil_core.precision_choice import Precision


def _as_one_choice(value: object, check: ValidatorFunctionWrapHandler) -> object:
    """Say in one sentence what is wrong, where pydantic has one for each of both kinds."""
    try:
        return check(value)
    except ValidationError as exc:
        raise ValueError(f"{value!r} is neither auto nor a whole number of at least 1") from exc


CountOrAuto = Annotated[Annotated[int, Field(ge=1)] | Literal["auto"], WrapValidator(_as_one_choice)]


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
    negative: str = ""
    """The class that means that nothing was found, such as "none" or "normal": evidence for another is over it."""
    demonstration: bool = False
    """Whether it only shows the method: its answers are then marked as not to be relied on."""
    licence: str = ""
    """Of the weights."""


class TrainOptions(Options):
    """How a model is trained."""

    name: str = Field(default="model", min_length=1)
    """The model's name, as tables and the window show it."""
    preset: Preset = "default"
    """Where the model's options start from. Those of abmil and mean have one stage and no masks: gated attention, and
    the mean of all tiles."""
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
    bags_per_step: CountOrAuto = 1
    """Bags that go through the network at once, or auto: as many as hold 2,048 tiles together, 16 at most, and at most
    one in 32 of all bags. Several make passes over small bags faster; fewer, larger steps may need a larger learning
    rate, so it is 1 unless you say otherwise."""
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

    @model_validator(mode="after")
    def _changes_fit_the_preset(self) -> Self:
        preset(self.preset, features=1, classes=2).replace(**self.model.given)  # what does not fit, fits no data
        return self


WITHOUT_EFFECT = ("keep_gib",)
"""Options on which the model does not depend: another value continues the same training."""
