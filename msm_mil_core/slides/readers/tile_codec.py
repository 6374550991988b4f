"""How the compressed tiles of a file become pixels, as openslide's own decoders make them, bit by bit."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol

import numpy as np

from msm_mil_core.slides.decoded_tiles import Pixels

HALF, QUARTER = 2, 4
_BEGIN, _END = b"\xff\xd8", b"\xff\xd9"
_ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
"""A marker whose next byte says how the colours of a JPEG are stored, which a tile in a TIFF leaves to the TIFF."""


class DamagedTileError(ValueError):
    """A tile cannot be decoded, or not without a warning of the decoder's."""


class TileCodec(Protocol):
    """Decodes the tiles of one level."""

    @property
    def reductions(self) -> tuple[int, ...]:
        """By how many times it can decode coarser than the tile is."""

    def decode(self, data: bytes, size_px: tuple[int, int], reduction: int = 1) -> Pixels:
        """Decode a tile of `size_px` (width, height), which the reduction divides, as (height, width, 3).

        Raises
        ------
        DamagedTileError
            If it cannot be decoded, or is of another size.
        """


@dataclass(frozen=True, slots=True)
class JpegCodec:
    """JPEG by libjpeg-turbo, exact transform and smooth chroma, as openslide; reduced within the transform (DCT)."""

    head: bytes
    """What comes before a tile's own markers: the tables that the tiles of a level share, and the colours."""
    reductions: tuple[int, ...] = (1, HALF, QUARTER)

    def decode(self, data: bytes, size_px: tuple[int, int], reduction: int = 1) -> Pixels:
        """Decode a tile; see `TileCodec`."""
        from simplejpeg import decode_jpeg

        width, height = size_px[0] // reduction, size_px[1] // reduction
        if data[:2] != _BEGIN:
            raise DamagedTileError("a tile does not begin as a JPEG")
        whole = self.head + data[2:]
        try:
            tile = decode_jpeg(whole, "RGB", min_height=height, min_width=width, min_factor=reduction)
        except (ValueError, OverflowError, MemoryError) as exc:
            raise DamagedTileError(str(exc)) from exc
        return _of_size(tile, (width, height))


@dataclass(frozen=True, slots=True)
class Jpeg2000Codec:
    """JPEG 2000 by OpenJPEG, as openslide; whole tiles only."""

    reductions: tuple[int, ...] = (1,)

    def decode(self, data: bytes, size_px: tuple[int, int], reduction: int = 1) -> Pixels:
        """Decode a tile; see `TileCodec`."""
        from imagecodecs import jpeg2k_decode

        if reduction != 1:
            raise ValueError(f"tiles in JPEG 2000 are not decoded {reduction} times reduced")
        try:
            tile = jpeg2k_decode(data)
        except (RuntimeError, ValueError, MemoryError) as exc:
            raise DamagedTileError(str(exc)) from exc
        return _of_size(tile, size_px)


def jpeg_codec(tables: bytes, *, stored_as_rgb: bool) -> JpegCodec:
    """Return the codec of a level whose tiles share `tables` (a JPEG of tables alone, or nothing)."""
    shared = tables.removeprefix(_BEGIN).removesuffix(_END)
    return JpegCodec(_BEGIN + shared + _ADOBE + (b"\x00" if stored_as_rgb else b"\x01"))


def has_jpeg() -> bool:
    """Return whether tiles in JPEG can be decoded here."""
    return find_spec("simplejpeg") is not None


def has_jpeg_2000() -> bool:
    """Return whether tiles in JPEG 2000 can be decoded here."""
    return find_spec("imagecodecs") is not None


def has_dicom() -> bool:
    """Return whether the frames of DICOM files can be found here."""
    return find_spec("pydicom") is not None


def _of_size(tile: Pixels, size_px: tuple[int, int]) -> Pixels:
    if tile.shape != (size_px[1], size_px[0], 3) or tile.dtype != np.uint8:
        raise DamagedTileError(f"a tile has the shape {tile.shape}, not {size_px[0]} x {size_px[1]} pixels of RGB")
    return tile
