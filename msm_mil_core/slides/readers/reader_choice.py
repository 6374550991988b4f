"""What a user may ask to read a slide with."""

from typing import Literal, TypeAlias

ReaderChoice: TypeAlias = Literal["auto", "openslide", "direct", "direct-scaled"]
"""What a user may ask for: the fastest that can be trusted with the file, or one of them."""
