"""A slide of any size in a small file: a tiled JPEG pyramid whose tiles share their bytes."""

import struct
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from msm_mil_core.slides.sample import SKIN
from msm_mil_core.slides.slide import open_slide

TILE_PX = 256
REDUCTIONS = (1, 4, 16)
"""Of the levels, as scanners write them at 40x."""
MPP = 0.25
QUALITY = 80
SHORT, LONG, RATIONAL, LONG8 = 3, 4, 5, 16
"""TIFF's types of values."""
LETTERS = {SHORT: "H", LONG: "I", RATIONAL: "I", LONG8: "Q"}
JPEG_COMPRESSION, YCBCR, CENTIMETRE = 7, 6, 3
HEADER_BYTES = 16

Field = tuple[int, int, Sequence[int]]
"""Tag, type and values; a rational is two values."""


def write_wide_slide(path: Path, side_px0: int) -> Path:
    """Write a square slide of tissue: its tiles are those of the skin sample, in any order, over and over."""
    tiles = _jpeg_tiles()
    lengths = np.array([len(tile) for tile in tiles])
    offsets = HEADER_BYTES + np.concatenate([[0], np.cumsum(lengths)[:-1]])
    with path.open("wb") as file:
        file.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, HEADER_BYTES + int(lengths.sum())))
        file.write(b"".join(tiles))
        for reduction in REDUCTIONS:
            fields = _fields(side_px0 // reduction, reduction, offsets, lengths)
            file.write(_directory(fields, file.tell(), last=reduction == REDUCTIONS[-1]))
    return path


def _jpeg_tiles() -> list[bytes]:
    with open_slide(SKIN.path) as slide:
        across, down = (side // TILE_PX for side in slide.facts.size_px0)
        corners = [(x * TILE_PX, y * TILE_PX) for y in range(down) for x in range(across)]
        return [_jpeg(slide.read(corner, 0, (TILE_PX, TILE_PX))) for corner in corners]


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def _fields(side_px: int, reduction: int, offsets: NDArray[np.int64], lengths: NDArray[np.int64]) -> list[Field]:
    across = -(-side_px // TILE_PX)
    chosen = np.random.default_rng(reduction).integers(len(offsets), size=across * across)
    per_cm = round(1e4 / (MPP * reduction))
    return [
        (254, LONG, [int(reduction > 1)]),
        (256, LONG, [side_px]),
        (257, LONG, [side_px]),
        (258, SHORT, [8, 8, 8]),
        (259, SHORT, [JPEG_COMPRESSION]),
        (262, SHORT, [YCBCR]),
        (277, SHORT, [3]),
        (282, RATIONAL, [per_cm, 1]),
        (283, RATIONAL, [per_cm, 1]),
        (284, SHORT, [1]),
        (296, SHORT, [CENTIMETRE]),
        (322, LONG, [TILE_PX]),
        (323, LONG, [TILE_PX]),
        (324, LONG8, offsets[chosen].tolist()),
        (325, LONG8, lengths[chosen].tolist()),
        (530, SHORT, [2, 2]),
    ]


def _directory(fields: Sequence[Field], at: int, *, last: bool) -> bytes:
    """Pack a directory of a BigTIFF that begins at a place of the file; values too long for their field follow it."""
    behind = at + 8 + 20 * len(fields) + 8
    entries, values = b"", b""
    for tag, kind, content in fields:
        packed = struct.pack(f"<{len(content)}{LETTERS[kind]}", *content)
        count = len(content) // 2 if kind == RATIONAL else len(content)
        short = len(packed) <= 8
        place = packed.ljust(8, b"\0") if short else struct.pack("<Q", behind + len(values))
        entries += struct.pack("<HHQ", tag, kind, count) + place
        values += b"" if short else packed
    following = 0 if last else behind + len(values)
    return struct.pack("<Q", len(fields)) + entries + struct.pack("<Q", following) + values
