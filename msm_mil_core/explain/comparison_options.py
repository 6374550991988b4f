"""Which tiles stand for a stage in a comparison, and how chance is drawn."""

from pydantic import Field

from msm_mil_core.options import Options


class CompareOptions(Options):
    """Which tiles stand for a stage, and how chance is drawn."""

    top_percent: float = Field(default=5, gt=0, le=100)
    """The tiles of a stage: the top x % of the tiles it was shown; at least one tile."""
    draws: int = Field(default=100, ge=1, le=10_000)
    """How often chance is drawn."""
    seed: int = Field(default=0, ge=0)
    """The same seed draws the same chance."""
