"""Regions put together from the file's own tiles, each of which is decoded once and kept for a while."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image

from msm_mil_core.slides.decoded_tiles import DecodedTiles, Pixels
from msm_mil_core.slides.readers.mosaic import Mosaic
from msm_mil_core.slides.readers.reader import ReadError, Reference
from msm_mil_core.slides.readers.tile_codec import DamagedTileError
from msm_mil_core.slides.readers.tiled_level import TiledLevel

DIRECT, DIRECT_SCALED = "direct", "direct-scaled"


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class DirectReader:
    """The tiled levels of one file; the other reader is asked only for a tile that the decoder objects to."""

    levels: Sequence[TiledLevel]
    reference: Reference
    tiles: DecodedTiles
    """Where decoded tiles are kept; it may be shared with other slides."""
    source: str
    """Tells the tiles of this file apart from those of others; who opens the same file again shares them."""
    reductions: tuple[int, ...] = (1,)
    """By how many times levels may be read coarser than they are, by decoding at half or quarter scale."""

    keeps_tiles: bool = True

    @property
    def background_rgb(self) -> tuple[int, int, int]:
        """Colour of transparent areas."""
        return self.reference.background_rgb

    @property
    def name(self) -> str:
        """Which of the two ways this is."""
        return DIRECT_SCALED if len(self.reductions) > 1 else DIRECT

    def read(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int], reduction: int = 1) -> Pixels:
        """Read a region of a level exactly at its pixels; see `Reader`."""
        if reduction not in self.reductions:
            raise ValueError(f"this slide is not read {reduction} times reduced, only {self.reductions}")
        tiled = self.levels[level]
        across, down = (-(-side // reduction) for side in tiled.size_px)
        tile_px = tiled.tile_px[0] // reduction, tiled.tile_px[1] // reduction
        mosaic = Mosaic((across, down), tile_px, self.background_rgb)
        return mosaic.read(xy_px, size_px, partial(self._tile, level, reduction))

    def _tile(self, level: int, reduction: int, row: int, col: int) -> Pixels:
        make = partial(self._decode, level, row, col, reduction)
        return self.tiles.get((self.source, level, row, col, reduction), make)

    def _decode(self, level: int, row: int, col: int, reduction: int) -> Pixels:
        tiled = self.levels[level]
        if not tiled.counts[row, col]:
            width, height = (side // reduction for side in tiled.tile_px)
            return np.broadcast_to(np.array(self.background_rgb, np.uint8), (height, width, 3)).copy()
        if reduction > 1 and tiled.reaches_beyond(row, col):
            return self._reduced(level, row, col, reduction)
        try:
            return tiled.codec.decode(tiled.data(row, col), tiled.tile_px, reduction)
        except DamagedTileError:
            return self._by_reference(level, row, col, reduction)
        except OSError as exc:
            raise ReadError(str(exc)) from exc

    def _reduced(self, level: int, row: int, col: int, reduction: int) -> Pixels:
        """Take means of blocks of a tile whose outside, which the file fills with anything, is background."""
        tiled = self.levels[level]
        across, down = tiled.tile_px
        whole = self.read(level, (col * across, row * down), tiled.tile_px)
        return np.array(Image.fromarray(whole).reduce(reduction))

    def _by_reference(self, level: int, row: int, col: int, reduction: int) -> Pixels:
        """Have the other reader decode a tile or fail: it takes some damage that the decoder here does not."""
        across, down = self.levels[level].tile_px
        pixels = self.reference.read(level, (col * across, row * down), (across, down))
        return pixels if reduction == 1 else np.array(Image.fromarray(pixels).reduce(reduction))


def reductions_of(levels: Sequence[TiledLevel]) -> tuple[int, ...]:
    """Return by how many times every level of a file can be decoded coarser, tile by tile without a seam."""
    shared = set.intersection(*(set(tiled.codec.reductions) for tiled in levels))
    return tuple(n for n in sorted(shared) if not any(side % n for tiled in levels for side in tiled.tile_px))
