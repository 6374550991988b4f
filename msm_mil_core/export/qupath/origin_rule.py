"""Where QuPath's coordinates begin."""

from typing import Literal

OriginRule = Literal["auto", "none", "custom"]
