"""The tiled levels of a DICOM slide, one file each: pydicom reads what stands before the pixels."""

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.slides.readers.byte_file import ByteFile
from msm_mil_core.slides.readers.tile_codec import (
    Jpeg2000Codec,
    TileCodec,
    has_dicom,
    has_jpeg,
    has_jpeg_2000,
    jpeg_codec,
)
from msm_mil_core.slides.readers.tiled_level import NotDirectError, TiledLevel, tile_grid

JPEG = "1.2.840.10008.1.2.4.50"
JPEG_2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
_TAGS = [
    "BitsStored", "Columns", "ConcatenationUID", "DimensionOrganizationType", "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths", "ImageType", "NumberOfFrames", "PhotometricInterpretation", "Rows", "SamplesPerPixel",
    "SeriesInstanceUID", "TotalPixelMatrixColumns", "TotalPixelMatrixRows",
]  # fmt: skip
_PIXELS_HEAD, _ITEM_HEAD = 12, 8
"""Bytes before the value of the pixel data, and before that of each of its items."""
_ITEM = 0xE000FFFE
_DAMAGE = (ValueError, TypeError, LookupError, AttributeError, EOFError, NotImplementedError, struct.error)
"""What pydicom may raise on a file that it does not understand."""


def dicom_levels(file: Path, level_sizes_px: Sequence[tuple[int, int]]) -> list[TiledLevel]:
    """Find the file of each level among those of the slide's folder, and in it the tiles.

    Raises
    ------
    NotDirectError
        If a level is not one file with all its tiles in order, or they are not ones that are decoded here.
    OSError
        If a file cannot be read.
    """
    if not has_dicom():
        raise NotDirectError("it is DICOM and pydicom is not installed (the extra fast)")
    try:
        series = _header(file)[0].SeriesInstanceUID
        headers = [(path, *_header(path)) for path in _beside(file)]
        volumes = [each for each in headers if each[1].get("SeriesInstanceUID") == series and _is_volume(each[1])]
        return [_level(*_of_size(volumes, size_px)) for size_px in level_sizes_px]
    except _DAMAGE as exc:
        raise NotDirectError(f"its DICOM files are unusual ({exc})") from exc


def _beside(file: Path) -> Iterator[Path]:
    from pydicom.misc import is_dicom

    return (path for path in sorted(file.parent.iterdir()) if path.is_file() and is_dicom(path))


def _header(path: Path) -> tuple[Any, int]:
    """Return what stands before the pixels, and where they begin."""
    from pydicom import dcmread

    with path.open("rb") as opened:
        header = dcmread(opened, stop_before_pixels=True, specific_tags=_TAGS)
        return header, opened.tell()


def _is_volume(header: Any) -> bool:
    return "VOLUME" in header.get("ImageType", ())


def _of_size(volumes: list[tuple[Path, Any, int]], size_px: tuple[int, int]) -> tuple[Path, Any, int]:
    fitting = [each for each in volumes if _size_px(each[1]) == size_px]
    if len(fitting) != 1:
        raise NotDirectError(f"its level of {size_px[0]} x {size_px[1]} pixels is in {len(fitting)} files")
    return fitting[0]


def _size_px(header: Any) -> tuple[int, int]:
    return int(header.get("TotalPixelMatrixColumns", 0)), int(header.get("TotalPixelMatrixRows", 0))


def _level(path: Path, header: Any, pixels_at: int) -> TiledLevel:
    size_px, tile_px = _size_px(header), (int(header.Columns), int(header.Rows))
    rows, cols = tile_grid(size_px, tile_px)
    if header.get("DimensionOrganizationType") != "TILED_FULL" or int(header.NumberOfFrames) != rows * cols:
        raise NotDirectError("its frames are not one grid of tiles in order")
    if (int(header.SamplesPerPixel), int(header.BitsStored)) != (3, 8):
        raise NotDirectError("its pixels are not RGB of 8 bits")
    codec, file = _codec(header), ByteFile(path)
    offsets, counts = _frames(file, header, pixels_at, rows * cols)
    return TiledLevel(file, size_px, tile_px, offsets.reshape(rows, cols), counts.reshape(rows, cols), codec)


def _codec(header: Any) -> TileCodec:
    syntax, colours = str(header.file_meta.TransferSyntaxUID), header.PhotometricInterpretation
    if syntax == JPEG and colours in {"RGB", "YBR_FULL_422", "YBR_FULL"}:
        if not has_jpeg():
            raise NotDirectError("simplejpeg is not installed (pip install simplejpeg)")
        return jpeg_codec(b"", stored_as_rgb=colours == "RGB")
    if syntax in JPEG_2000 and colours in {"RGB", "YBR_ICT", "YBR_RCT"}:
        if not has_jpeg_2000():
            raise NotDirectError("its tiles are in JPEG 2000 and imagecodecs is not installed (the extra fast)")
        return Jpeg2000Codec()
    raise NotDirectError(f"its frames are stored as {syntax} in {colours}")


def _frames(file: ByteFile, header: Any, pixels_at: int, frames: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return where each frame begins and its bytes: from a table of the file, or from item to item."""
    table_at = pixels_at + _PIXELS_HEAD
    table_bytes = _item_bytes(file, table_at)
    first = table_at + _ITEM_HEAD + table_bytes
    if "ExtendedOffsetTable" in header:
        starts = np.frombuffer(header.ExtendedOffsetTable, "<u8")
        counts = np.frombuffer(header.ExtendedOffsetTableLengths, "<u8")
    elif table_bytes:
        starts = np.frombuffer(file.read(table_at + _ITEM_HEAD, table_bytes), "<u4").astype(np.uint64)
        last = _item_bytes(file, first + int(starts[-1]))
        counts = np.append(np.diff(starts) - np.uint64(_ITEM_HEAD), np.uint64(last))
    else:
        starts, counts = _walk(file, first, frames)
    if not len(starts) == len(counts) == frames:
        raise NotDirectError(f"it lists {len(starts)} frames of {frames}")
    return (starts + np.uint64(first + _ITEM_HEAD)).astype(np.uint64), counts.astype(np.uint64)


def _walk(file: ByteFile, first: int, frames: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    starts, counts, at = [], [], first
    for _ in range(frames):
        counts.append(_item_bytes(file, at))
        starts.append(at - first)
        at += _ITEM_HEAD + counts[-1]
    return np.array(starts, np.uint64), np.array(counts, np.uint64)


def _item_bytes(file: ByteFile, at: int) -> int:
    tag, count = struct.unpack("<II", file.read(at, _ITEM_HEAD))
    if tag != _ITEM:
        raise NotDirectError("its frames do not lie one after another")
    return int(count)
