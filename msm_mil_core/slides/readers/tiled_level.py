"""Where the tiles of a level lie in its file."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.slides.readers.byte_file import ByteSource
from msm_mil_core.slides.readers.tile_codec import TileCodec

MOST_TILE_PX = 2**26
"""Pixels of the largest tile that is decoded as one: larger ones are damage."""


class NotDirectError(Exception):
    """The tiles of a file cannot be decoded directly; the message says why, to follow "since"."""


@dataclass(frozen=True, slots=True, eq=False)
class TiledLevel:
    """One level in tiles of one size, row by row; those at its right and lower edge reach beyond it."""

    file: ByteSource
    size_px: tuple[int, int]
    """Width and height."""
    tile_px: tuple[int, int]
    """Width and height of a tile."""
    offsets: NDArray[np.uint64]
    """(rows, columns) where each tile begins in the file."""
    counts: NDArray[np.uint64]
    """(rows, columns) its compressed bytes; 0 where nothing was scanned."""
    codec: TileCodec

    def data(self, row: int, col: int) -> bytes:
        """Return the compressed bytes of a tile; none where nothing was scanned."""
        return self.file.read(int(self.offsets[row, col]), int(self.counts[row, col]))

    def reaches_beyond(self, row: int, col: int) -> bool:
        """Return whether a tile has pixels beyond the level's right or lower edge, where a file may hold anything."""
        (width, height), (across, down) = self.size_px, self.tile_px
        return (col + 1) * across > width or (row + 1) * down > height


def tile_grid(size_px: tuple[int, int], tile_px: tuple[int, int]) -> tuple[int, int]:
    """Return how many rows and columns of tiles cover a level.

    Raises
    ------
    NotDirectError
        If the tiles are without pixels, or so large that they are not decoded one by one.
    """
    (width, height), (across, down) = size_px, tile_px
    if not 0 < across * down <= MOST_TILE_PX:
        raise NotDirectError(f"its tiles are {across} x {down} pixels large")
    return -(-height // down), -(-width // across)
