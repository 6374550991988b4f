"""Small tiled slides as scanners store them: JPEG in several ways, JPEG 2000, tiles at the edge, tiles left out."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from imagecodecs import jpeg2k_encode, jpeg8_encode
from numpy.typing import NDArray
from PIL import Image

APERIO = "Aperio Image Library v11.2.1\r\n700x500 (256x256) J2K/YUV16 Q=70|AppMag = 20|MPP = 0.5"
"""A description by which openslide knows a file as Aperio's."""


@dataclass(frozen=True, slots=True)
class Storage:
    """How the tiles of a slide are stored."""

    encode: Callable[[NDArray[np.uint8]], bytes]
    compression: str
    photometric: str
    subsampling: tuple[int, int] | None = None
    shared_tables: bool = False
    """Whether the tables of a JPEG are stored once per level."""
    tile_px: tuple[int, int] = (256, 256)
    """Width and height."""
    description: str | None = None
    bigtiff: bool = False

    def replace(self, **changes: Any) -> "Storage":
        """Return it with some fields changed."""
        return replace(self, **changes)


def _jpeg(subsampling: str) -> Callable[[NDArray[np.uint8]], bytes]:
    return lambda tile: bytes(jpeg8_encode(tile, level=85, subsampling=subsampling))


def _jpeg_rgb(tile: NDArray[np.uint8]) -> bytes:
    return bytes(jpeg8_encode(tile, level=85, colorspace="rgb", outcolorspace="rgb"))


def _jpeg_2000(tile: NDArray[np.uint8]) -> bytes:
    return bytes(jpeg2k_encode(tile, level=40, codecformat="j2k"))


JPEG_420 = Storage(_jpeg("420"), "jpeg", "ycbcr", (2, 2))
JPEG_422 = Storage(_jpeg("422"), "jpeg", "ycbcr", (2, 1))
JPEG_444 = Storage(_jpeg("444"), "jpeg", "ycbcr", (1, 1))
JPEG_RGB = Storage(_jpeg_rgb, "jpeg", "rgb")
JPEG_2000 = Storage(_jpeg_2000, "APERIO_JP2000_RGB", "rgb", description=APERIO)
ZLIB = Storage(lambda tile: tile.tobytes(), "zlib", "rgb")
STORAGES = {
    "jpeg-420": JPEG_420,
    "jpeg-422": JPEG_422,
    "jpeg-444": JPEG_444,
    "jpeg-rgb": JPEG_RGB,
    "jpeg-420-tables": JPEG_420.replace(shared_tables=True),
    "jpeg-rgb-tables": JPEG_RGB.replace(shared_tables=True),
    "jpeg-big": JPEG_420.replace(bigtiff=True),
    "jpeg-oblong": JPEG_444.replace(tile_px=(128, 240)),
    "jpeg-2000": JPEG_2000,
}
"""What is decoded directly."""


def a_field(size_px: tuple[int, int], seed: int = 0) -> NDArray[np.uint8]:
    """Draw a field of blots in all colours, some 32 pixels wide: no tile is like another."""
    width, height = size_px
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 32 + 2, width // 32 + 2, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def write_tiled(
    path: Path,
    image: NDArray[np.uint8],
    storage: Storage = JPEG_420,
    *,
    steps: Collection[int] = (1, 4),
    missing: Collection[tuple[int, int, int]] = (),
) -> Path:
    """Write a pyramid of `image` (height, width, 3) that is reduced by each of `steps`.

    Parameters
    ----------
    missing
        (level, row, column) of the tiles that are left out: they take no byte.
    """
    with tifffile.TiffWriter(path, bigtiff=storage.bigtiff) as tiff:
        for level, step in enumerate(steps):
            part = np.asarray(Image.fromarray(image).reduce(step)) if step > 1 else image
            skipped = {(row, col) for at, row, col in missing if at == level}
            _write_level(tiff, part, storage, level, skipped)
    return path


def _write_level(
    tiff: tifffile.TiffWriter, part: NDArray[np.uint8], storage: Storage, level: int, skipped: set[tuple[int, int]]
) -> None:
    tiles = list(_encoded(part, storage, skipped))
    tables = None
    if storage.shared_tables:
        tables = _tables(next(tile for tile in tiles if tile))
        tiles = [_without_tables(tile) for tile in tiles]
    tiff.write(
        iter(tiles),
        shape=part.shape,
        dtype=np.uint8,
        tile=storage.tile_px[::-1],
        compression=storage.compression,
        photometric=storage.photometric,
        subsampling=storage.subsampling,
        compressionargs={"outcolorspace": "rgb"} if storage.photometric == "rgb" else None,
        jpegtables=tables,
        description=storage.description if level == 0 else (storage.description and APERIO),
        subfiletype=int(level > 0 and storage.description is None),
        metadata=None,
        software=False,
    )


def _encoded(part: NDArray[np.uint8], storage: Storage, skipped: set[tuple[int, int]]) -> Iterator[bytes]:
    """Encode the tiles row by row; beyond the edge they hold green, which no reader may show."""
    (across, down), (height, width) = storage.tile_px, part.shape[:2]
    for row, top in enumerate(range(0, height, down)):
        for col, left in enumerate(range(0, width, across)):
            cut = part[top : top + down, left : left + across]
            tile = np.full((down, across, 3), (0, 255, 0), np.uint8)
            tile[: cut.shape[0], : cut.shape[1]] = cut
            yield b"" if (row, col) in skipped else storage.encode(tile)


def _segments(jpeg: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the marker and the bytes of each segment before the scan, then the scan."""
    at = 2
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        yield jpeg[at + 1], jpeg[at:end]
        at = end
    yield 0xDA, jpeg[at:]


def _tables(jpeg: bytes) -> bytes:
    return b"\xff\xd8" + b"".join(data for marker, data in _segments(jpeg) if marker in {0xDB, 0xC4}) + b"\xff\xd9"


def _without_tables(jpeg: bytes) -> bytes:
    if not jpeg:
        return jpeg
    return b"\xff\xd8" + b"".join(data for marker, data in _segments(jpeg) if marker not in {0xDB, 0xC4, 0xE0, 0xEE})
