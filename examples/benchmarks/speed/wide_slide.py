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
HEADER = struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16)
"""Of a BigTIFF, whose first directory follows."""
SHORT, LONG, RATIONAL, LONG8 = 3, 4, 5, 16
FORMATS = {SHORT: "H", LONG: "I", RATIONAL: "II", LONG8: "Q"}
JPEG_COMPRESSION, YCBCR, CENTIMETRE = 7, 6, 3

Field = tuple[int, int, Sequence[int]]
"""Tag, type and values."""


def write_wide_slide(path: Path, side_px0: int) -> Path:
    """Write a square slide of tissue: its tiles are those of the skin sample, over and over."""
    tiles = _jpeg_tiles()
    offsets, at = [], len(HEADER)
    directories_at = at + sum(map(len, tiles))
    for tile in tiles:
        offsets.append(at)
        at += len(tile)
    header = struct.pack("<2sHHHQ", b"II", 43, 8, 0, directories_at)
    with path.open("wb") as file:
        file.write(header + b"".join(tiles))
        for reduction in REDUCTIONS:
            last = reduction == REDUCTIONS[-1]
            file.write(_directory(_fields(side_px0 // reduction, reduction, tiles, offsets), file.tell(), last=last))
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


def _fields(side_px: int, reduction: int, tiles: Sequence[bytes], offsets: Sequence[int]) -> list[Field]:
    across = -(-side_px // TILE_PX)
    chosen = np.random.default_rng(reduction).integers(len(tiles), size=across * across).tolist()
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
        (324, LONG8, [offsets[tile] for tile in chosen]),
        (325, LONG8, [len(tiles[tile]) for tile in chosen]),
        (530, SHORT, [2, 2]),
    ]


def _directory(fields: Sequence[Field], at: int, *, last: bool) -> bytes:
    """Pack a directory that begins at a place of the file; what is too long for a field follows it."""
    behind = at + 8 + 20 * len(fields) + 8
    entries, values = b"", b""
    for tag, kind, content in fields:
        packed = struct.pack(
            f"<{len(content) // len(FORMATS[kind])}{FORMATS[kind]}" if len(FORMATS[kind]) == 1 else f"<{len(content)}I",
            *content,
        )
        count = len(content) // len(FORMATS[kind])
        place = packed.ljust(8, b"\0") if len(packed) <= 8 else struct.pack("<Q", behind + len(values))
        entries += struct.pack("<HHQ", tag, kind, count) + place
        values += packed if len(packed) > 8 else b""
    following = 0 if last else behind + len(values)
    return struct.pack("<Q", len(fields)) + entries + struct.pack("<Q", following) + values
