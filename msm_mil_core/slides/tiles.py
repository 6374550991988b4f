"""The grid of tiles laid over the tissue of a slide."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class TileGrid:
    """Square tiles on a grid without overlap, anchored at the slide's level-0 origin (0, 0)."""

    xy_px0: NDArray[np.int64]
    """Top-left corners (N, 2), x then y, multiples of `side_px0`, in row-major order."""
    side_px0: int
    """Side of a tile on level 0."""
    side_px: int
    """Side of a tile as the encoder gets it."""
    mpp: float
    """Micrometres per pixel of a tile as the encoder gets it: what came out of rounding to whole pixels."""

    def __len__(self) -> int:
        return len(self.xy_px0)
