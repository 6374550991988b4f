"""How large tiles are, and how much tissue each must hold."""

from pydantic import Field

from msm_mil_core.options import Options


class TileOptions(Options):
    """How large tiles are and how much tissue each must hold."""

    side_px: int | None = Field(default=None, ge=1, le=8192)
    """Side of a tile as the encoder gets it, pixels; by default as in the model's training."""
    mpp: float | None = Field(default=None, gt=0, le=100)
    """Micrometres per pixel of a tile as the encoder gets it; by default as in the model's training."""
    min_tissue: float = Field(default=0.25, ge=0, le=1)
    """Least share of a tile that is tissue; 0 takes every tile that touches tissue."""
