"""Regions of levels in tiles that another library decodes, each tile once."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import numpy as np

from msm_mil_core.slides.decoded_tiles import DecodedTiles, Pixels
from msm_mil_core.slides.readers.mosaic import Mosaic

WHITE = (255, 255, 255)


class TileLevel(Protocol):
    """One level in tiles, from any store of pixels."""

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""

    @property
    def tile_px(self) -> tuple[int, int]:
        """Width and height of a tile."""

    def tile(self, row: int, col: int) -> Pixels | None:
        """Decode a tile: (height, width, 3) or, with opacity, (height, width, 4); None where nothing was scanned.

        Beyond the right and lower edge of the level it may hold anything, or nothing.

        Raises
        ------
        ReadError
            If it is damaged.
        """


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class LevelsReader:
    """The levels of one slide, finest first."""

    levels: Sequence[TileLevel]
    tiles: DecodedTiles
    """Where decoded tiles are kept; it may be shared with other slides."""
    name: str
    """What the result records."""
    background_rgb: tuple[int, int, int] = WHITE
    """Colour of transparent areas."""
    reductions: tuple[int, ...] = (1,)
    keeps_tiles: bool = True
    source: Hashable = field(default_factory=object)
    """Sets the tiles of this slide apart from those of others; they are dropped with the reader."""

    def __post_init__(self) -> None:
        self.tiles.keep_for(self, self.source)

    @property
    def downsamples(self) -> tuple[float, ...]:
        """Positions are whole pixels of a level, whatever its factor is: nothing is blended."""
        return (1.0,) * len(self.levels)

    def read(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int], reduction: int = 1) -> Pixels:
        """Read a region of a level exactly at its pixels; see `Reader`."""
        if reduction != 1:
            raise ValueError(f"this slide is not read {reduction} times reduced")
        tiled = self.levels[level]
        return Mosaic(tiled.size_px, tiled.tile_px, self.background_rgb).read(
            xy_px, size_px, partial(self._tile, level)
        )

    def _tile(self, level: int, row: int, col: int) -> Pixels:
        return self.tiles.get((self.source, level, row, col), partial(self._decode, level, row, col))

    def _decode(self, level: int, row: int, col: int) -> Pixels:
        tiled = self.levels[level]
        tile = tiled.tile(row, col)
        if tile is None:
            width, height = tiled.tile_px
            return np.broadcast_to(np.array(self.background_rgb, np.uint8), (height, width, 3)).copy()
        return tile if tile.shape[2] == 3 else over(tile, self.background_rgb)


def over(rgba: Pixels, background_rgb: tuple[int, int, int]) -> Pixels:
    """Lay pixels with opacity (height, width, 4) over a colour."""
    opacity = rgba[..., 3:].astype(np.uint16)
    mixed = rgba[..., :3] * opacity + np.array(background_rgb, np.uint16) * (255 - opacity)
    return ((mixed + 127) // 255).astype(np.uint8)
