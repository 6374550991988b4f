"""A small ICC profile: of a scanner whose red and blue are exchanged, so that its colours are told from others."""

import struct
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from tests.slides import DrawnSlide

SRGB_COLORANTS = {"r": (0.4361, 0.2225, 0.0139), "g": (0.3851, 0.7169, 0.0971), "b": (0.1431, 0.0606, 0.7141)}
"""XYZ of the primaries of sRGB, as seen in the light of D50, in which profiles count."""
WHITE = (0.9642, 1.0, 0.8249)


def a_profile(name: str = "Drawn scanner", *, exchange: bool = True, gamma: float = 2.2) -> bytes:
    """Make a profile of RGB; with `exchange` its red is the blue of sRGB, and the reverse."""
    red, blue = ("b", "r") if exchange else ("r", "b")
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name.encode() + b"\0" * 79,
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": _xyz(WHITE),
        b"rXYZ": _xyz(SRGB_COLORANTS[red]),
        b"gXYZ": _xyz(SRGB_COLORANTS["g"]),
        b"bXYZ": _xyz(SRGB_COLORANTS[blue]),
        **{each: b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) for each in (b"rTRC", b"gTRC", b"bTRC")},
    }
    at, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for tag, data in tags.items():
        table += tag + struct.pack(">II", at + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    whole = struct.pack(">I", len(tags)) + table + body
    head = struct.pack(">I4s4s4s4s4s", 128 + len(whole), b"none", b"\x02\x40\0\0", b"scnr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + _numbers(WHITE) + b"\0" * 48
    return head + whole


def a_profiled_slide(path: Path, pixels: NDArray[np.uint8], name: str = "Scanner 7") -> DrawnSlide:
    """Write a slide of 1 micrometre per pixel whose profile exchanges red and blue."""
    height, width = pixels.shape[:2]
    how = {"tile": (256, 256), "photometric": "rgb", "metadata": None, "iccprofile": a_profile(name)}
    tifffile.imwrite(path, pixels, resolution=(1e4, 1e4), resolutionunit="CENTIMETER", **how)
    everything = (0, 0, width, height)
    return DrawnSlide(path, (width, height), everything, everything, None, 1.0)


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + _numbers(values)


def _numbers(values: tuple[float, float, float]) -> bytes:
    return struct.pack(">3i", *(round(value * 65536) for value in values))
