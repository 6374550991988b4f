"""A level in an array that is read in parts: of Zarr, of Dask, or in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from msm_mil_core.slides.decoded_tiles import Pixels
from msm_mil_core.slides.readers.reader import ReadError

SIDE_PX = (256, 4096)
"""Sides of the parts that are read at once: small chunks are joined, those of larger ones are read in part."""


@dataclass(frozen=True, slots=True, eq=False)
class ArrayLevel:
    """One level; what is read of it at once are whole chunks of the array, where these are not too large."""

    array: Any
    """Gives numpy's arrays, or what becomes one, for slices."""
    axes: str
    """A letter an axis: y, x and c, and t and z of length 1."""
    tile_px: tuple[int, int]

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        return int(self.array.shape[self.axes.index("x")]), int(self.array.shape[self.axes.index("y")])

    def tile(self, row: int, col: int) -> Pixels | None:
        """See `TileLevel`; what is left of the array at its edge is filled up with zeros."""
        across, down = self.tile_px
        along = {"y": slice(row * down, (row + 1) * down), "x": slice(col * across, (col + 1) * across)}
        where = tuple(along.get(axis, slice(None) if axis == "c" else 0) for axis in self.axes)
        try:  # whatever stores the array raises errors of its own
            part = np.asarray(self.array[where])
        except Exception as exc:
            raise ReadError(f"{type(exc).__name__}: {exc}") from exc
        left = [axis for axis in self.axes if axis in "yxc"]
        pixels = part.transpose([left.index(axis) for axis in "yxc"])
        whole = np.zeros((down, across, pixels.shape[2]), np.uint8)
        whole[: pixels.shape[0], : pixels.shape[1]] = pixels
        return whole


def array_level(array: Any, axes: str, chunks: Sequence[int] | None = None) -> ArrayLevel:
    """Return a level that reads an array in parts that fit its chunks (a length along each axis), if it has some."""
    sides = [_side(int(chunks[axes.index(axis)]) if chunks else SIDE_PX[0]) for axis in "xy"]
    return ArrayLevel(array, axes, (sides[0], sides[1]))


def _side(chunk_px: int) -> int:
    """Return a multiple or, of a very long chunk, a part of its side."""
    least, most = SIDE_PX
    if chunk_px > most:
        return least * 4
    return chunk_px * max(1, least // max(1, chunk_px))
