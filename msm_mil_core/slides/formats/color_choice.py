"""In which colours a slide is read."""

from typing import Literal, TypeAlias

ColorChoice: TypeAlias = Literal["as-stored", "srgb"]
"""Whether pixels are as the file has them, or converted to sRGB by its ICC profile, where it has one."""
