"""How tiles become features."""

from pydantic import Field

from msm_mil_core.options import Options
from msm_mil_core.precision_choice import Precision


class EncodeOptions(Options):
    """How tiles become features."""

    device: str = "auto"
    """What computes: auto (CUDA, then MPS, then the CPU), cpu, cuda, cuda:1 or mps."""
    precision: Precision = "auto"
    """Numeric precision: auto is half precision where that is faster on the device."""
    batch: int | None = Field(default=None, ge=1, le=1024)
    """Tiles encoded at once; by default what suits the device and its memory. Halved where memory runs out."""
    threads: int | None = Field(default=None, ge=1, le=64)
    """Threads that read tiles ahead; by default one fewer than there are cores."""
