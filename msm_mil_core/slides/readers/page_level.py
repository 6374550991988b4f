"""A level of a TIFF in tiles that tifffile decodes: colours together, in planes or in pages of their own, or grey."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.slides.decoded_tiles import Pixels
from msm_mil_core.slides.readers.byte_file import ByteSource
from msm_mil_core.slides.readers.page_colors import RGB_IN_PAGES, PageColors, page_colors
from msm_mil_core.slides.readers.reader import ReadError
from msm_mil_core.slides.readers.tile_codec import has_jpeg, jpeg_codec
from msm_mil_core.slides.readers.tiled_level import NotDirectError, tile_grid

NO_CODEC = "its tiles cannot be decoded without imagecodecs (pip install 'napari-msm-mil[fast]')"
JPEG, RGB, _UNCOMPRESSED = 7, 2, 1
"""Of TIFF: a compression, a photometric interpretation, and no compression."""
_BLACK_IS_ZERO, _PLANES_APART = 1, 2
"""A photometric interpretation, and colours in planes."""
_DAMAGE = (ValueError, TypeError, LookupError, RuntimeError, ArithmeticError, OSError, MemoryError)
"""What tifffile and its decoders may raise on a damaged tile; imagecodecs derives its errors from RuntimeError."""


@dataclass(frozen=True, slots=True, eq=False)
class PageLevel:
    """One level; each tile is joined from one segment, or from one for each colour."""

    file: ByteSource
    size_px: tuple[int, int]
    tile_px: tuple[int, int]
    offsets: NDArray[np.uint64]
    """(planes, rows, columns) where each segment begins in the file."""
    counts: NDArray[np.uint64]
    """(planes, rows, columns) its compressed bytes; 0 where nothing was scanned."""
    decode: Callable[..., Any]
    """As `tifffile.TiffPage.decode`."""
    tables: bytes | None
    """Of JPEG, shared by the tiles of the level."""
    samples: int
    """Values that count of each pixel in a segment: 1 of a plane, else those of `colors`."""
    colors: PageColors

    def tile(self, row: int, col: int) -> Pixels | None:
        """See `TileLevel`."""
        if not self.counts[:, row, col].all():
            return None
        try:
            planes = [self._plane(plane, row, col) for plane in range(len(self.offsets))]
            whole = planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2)
        except _DAMAGE as exc:
            raise ReadError(str(exc) or type(exc).__name__) from exc
        if whole.shape[2] != self.colors.samples:
            raise ReadError(f"a tile has {whole.shape[2]} values a pixel, not {self.colors.samples}")
        return self.colors.as_rgb(whole)

    def _plane(self, plane: int, row: int, col: int) -> NDArray[Any]:
        data = self.file.read(int(self.offsets[plane, row, col]), int(self.counts[plane, row, col]))
        index = row * self.offsets.shape[2] + col
        segment, _, _ = self.decode(data, index, jpegtables=self.tables)
        return _whole(segment[0, :, :, : self.samples], self.tile_px)


def page_level(pages: Sequence[Any], size_px: tuple[int, int], file: ByteSource) -> PageLevel:
    """Describe a level of which there are one page of RGB or grey, or three pages of one colour each.

    Raises
    ------
    NotDirectError
        If it is not in tiles, or not of RGB or grey in whole numbers of 8 or 16 bits.
    """
    page = pages[0]
    colors = _colors(pages)
    tile_px = int(page.tilewidth), int(page.tilelength)
    names = "dataoffsets", "databytecounts"
    places = [np.array([getattr(each, name) for each in pages], np.uint64) for name in names]
    rows, cols = tile_grid(size_px, tile_px)
    planes = colors.samples if len(pages) == 3 or page.planarconfig == _PLANES_APART else 1
    if any(each.size < planes * rows * cols for each in places):
        raise NotDirectError(f"it lists {places[0].size} tiles where its size asks for {planes * rows * cols}")
    offsets, counts = (each.reshape(-1, rows, cols)[:planes] for each in places)
    return PageLevel(
        file=file,
        size_px=size_px,
        tile_px=tile_px,
        offsets=offsets,
        counts=counts,
        decode=_decoder(page),
        tables=page.jpegtables,
        samples=1 if planes > 1 else colors.samples,
        colors=colors,
    )


def _colors(pages: Sequence[Any]) -> PageColors:
    page = pages[0]
    if not page.is_tiled:
        raise NotDirectError("it is not stored in tiles")
    if len(pages) == 1:
        return page_colors(page)
    alone = page.samplesperpixel == 1 and page.photometric in (RGB, _BLACK_IS_ZERO) and page.dtype == np.uint8
    if len(pages) != 3 or not alone:
        raise NotDirectError("its pixels are neither RGB nor grey")
    return RGB_IN_PAGES


def _decoder(page: Any) -> Callable[..., Any]:
    """Return what decodes a segment: tifffile, or for JPEG where that lacks imagecodecs, the decoder used here."""
    from tifffile import TIFF

    decode: Callable[..., Any] = page.decode
    if page.compression == _UNCOMPRESSED or page.compression in TIFF.DECOMPRESSORS:
        return decode
    if page.compression != JPEG or page.samplesperpixel != 3 or not has_jpeg():
        raise NotDirectError(NO_CODEC)
    codec = jpeg_codec(page.jpegtables or b"", stored_as_rgb=page.photometric == RGB)
    tile_px = int(page.tilewidth), int(page.tilelength)
    return lambda data, _, **__: (codec.decode(data, tile_px)[None], None, None)


def _whole(segment: NDArray[Any], tile_px: tuple[int, int]) -> NDArray[Any]:
    """Return a segment at the size of a tile: some files store less at the edge."""
    (width, height), (down, across) = tile_px, segment.shape[:2]
    if (across, down) == tile_px:
        return segment
    whole = np.zeros((height, width, segment.shape[2]), segment.dtype)
    whole[:down, :across] = segment[:height, :width]
    return whole
