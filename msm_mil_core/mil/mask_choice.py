"""When a run hides claimed tiles from later stages."""

from typing import Literal

MaskChoice = Literal["checkpoint", "always", "never"]
"""As the model is made for, always or never."""
