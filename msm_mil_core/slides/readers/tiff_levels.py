"""The tiled levels of a TIFF, as its pages describe them."""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from msm_mil_core.slides.readers.byte_file import ByteFile, ByteSource
from msm_mil_core.slides.readers.tile_codec import Jpeg2000Codec, TileCodec, has_jpeg, has_jpeg_2000, jpeg_codec
from msm_mil_core.slides.readers.tiled_level import NotDirectError, TiledLevel, tile_grid

JPEG, JPEG_2000_RGB = 7, 33005
RGB, YCBCR = 2, 6
_PLANES_TOGETHER = 1
_OFFSETS, _COUNTS = "TileOffsets", "TileByteCounts"
_DAMAGE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, struct.error)
"""What tifffile may raise on pages that it does not understand."""


def tiff_levels(path: Path, level_sizes_px: Sequence[tuple[int, int]]) -> list[TiledLevel]:
    """Find the page of each level, and in it the tiles.

    Raises
    ------
    NotDirectError
        If a level has no page of its size, or its tiles are not ones that are decoded here.
    OSError
        If the file cannot be read.
    """
    from tifffile import TiffFile, TiffPage

    file = ByteFile(path)
    try:
        with TiffFile(path) as tiff:
            pages: list[Any] = [page for page in tiff.pages if isinstance(page, TiffPage) and page.is_tiled]
            return [page_tiles(_page_of(pages, size_px), size_px, file) for size_px in level_sizes_px]
    except _DAMAGE as exc:
        raise NotDirectError(f"its pages are unusual ({exc})") from exc


def _page_of(pages: list[Any], size_px: tuple[int, int]) -> Any:
    for page in pages:
        if (page.imagewidth, page.imagelength) == size_px:
            return page
    raise NotDirectError(f"no page of it has tiles and the size of the level of {size_px[0]} x {size_px[1]} pixels")


def page_tiles(page: Any, size_px: tuple[int, int], file: ByteSource) -> TiledLevel:
    """Return the tiles of a page of tifffile's.

    Raises
    ------
    NotDirectError
        If they are not ones that are decoded here.
    """
    if (page.samplesperpixel, page.bitspersample, page.planarconfig) != (3, 8, _PLANES_TOGETHER):
        raise NotDirectError("its pixels are not RGB of 8 bits")
    tile_px = int(page.tilewidth), int(page.tilelength)
    rows, cols = tile_grid(size_px, tile_px)
    places = [np.asarray(page.tags[name].value, np.uint64) for name in (_OFFSETS, _COUNTS)]
    if any(len(each) != rows * cols for each in places):
        raise NotDirectError(f"it lists {len(places[0])} tiles where its size asks for {rows * cols}")
    offsets, counts = (each.reshape(rows, cols) for each in places)
    return TiledLevel(file, size_px, tile_px, offsets, counts, _codec(page))


def _codec(page: Any) -> TileCodec:
    if page.compression == JPEG and page.photometric in (RGB, YCBCR):
        if not has_jpeg():
            raise NotDirectError("simplejpeg is not installed (pip install simplejpeg)")
        return jpeg_codec(page.jpegtables or b"", stored_as_rgb=page.photometric == RGB)
    if page.compression == JPEG_2000_RGB:
        if not has_jpeg_2000():
            raise NotDirectError("its tiles are in JPEG 2000 and imagecodecs is not installed (the extra fast)")
        return Jpeg2000Codec()
    raise NotDirectError(f"its tiles are stored as {getattr(page.compression, 'name', page.compression)}")
