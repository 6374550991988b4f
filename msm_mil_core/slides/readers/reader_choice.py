"""What a user may ask to read a slide with."""

from typing import Literal, TypeAlias

ReaderChoice: TypeAlias = Literal["auto", "openslide", "direct", "direct-scaled", "fsspec"]
"""What a user may ask for: the fastest that can be trusted with the file, one of them, or what reads addresses."""
