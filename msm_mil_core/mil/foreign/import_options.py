"""What a file of weights does not say of its model: a user has to."""

from typing import Annotated

from cyclopts import Parameter
from pydantic import Field

from msm_mil_core.mil.model_options import Activation
from msm_mil_core.options import Options


class ImportOptions(Options):
    """What must be known of a model made elsewhere, beside its weights; what is left out is asked for."""

    classes: Annotated[tuple[str, ...], Parameter(name="--class", negative="")] = ()
    """Name of a class, once for each, in the order of the model's outputs. Of a model with one output, first the class
    that a low output stands for, then that of a high one."""
    encoder: str = ""
    """The encoder whose features the model was trained on, as msm-mil encoders lists it, or any name."""
    encoder_sha256: str = ""
    """SHA-256 of that encoder's weights, if it is to be checked."""
    side_px: int | None = Field(default=None, ge=1)
    """Side of the tiles it was trained on, in pixels as the encoder got them."""
    mpp: float | None = Field(default=None, gt=0, le=20, allow_inf_nan=False)
    """Micrometres per pixel of those tiles."""
    name: str = ""
    """Name of the model in tables and in the window; that of the file by default."""
    negative: str = ""
    """The class that means that nothing was found, if there is one."""
    data: str = ""
    """What it was trained on, for its card."""
    licence: str = ""
    """Under which licence it may be used, for its card."""
    activation: Activation | None = None
    """What follows the layer before the attention, where the file leaves it open: by default what such models have."""

    def missing(self, classes: int) -> tuple[str, ...]:
        """Return the options that a model of so many classes still needs."""
        wanted = {"--class": len(self.classes) == classes, "--encoder": bool(self.encoder)}
        numbers = {"--side-px": self.side_px is not None, "--mpp": self.mpp is not None}
        return tuple(option for option, given in (wanted | numbers).items() if not given)
