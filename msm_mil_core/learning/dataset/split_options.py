"""How bags are split where the table of labels does not say."""

from pydantic import Field

from msm_mil_core.options import Options


class SplitOptions(Options):
    """How bags are split where the table does not say: by patient, with similar shares of the classes."""

    test_share: float = Field(default=0.2, ge=0, le=0.5)
    """Share of the bags that only test the finished model; 0 holds out none."""
    val_share: float = Field(default=0.2, gt=0, le=0.5)
    """Share of the other bags that chooses the epoch."""
    seed: int = Field(default=0, ge=0)
    """Another seed draws another split."""
