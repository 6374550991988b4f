"""What becomes a bag where a folder of pictures is encoded."""

from typing import Literal

BagKind = Literal["picture", "folder"]
