"""The file behind a path: a slide's file, or one of a DICOM folder; and why openslide refuses it."""

import hashlib
import struct
import sys
from pathlib import Path
from typing import BinaryIO

from openslide import OpenSlide, OpenSlideError, OpenSlideUnsupportedFormatError

from msm_mil_core.errors import SlideError

_ENDS_BYTES = 2**20
_TIFF_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def find_slide_file(path: Path) -> Path:
    """Return the file to open for `path`: itself, or the DICOM file that stands for the one slide of a folder.

    Raises
    ------
    SlideError
        If there is nothing to open, or more than one slide.
    """
    try:
        if path.is_dir():
            return _only_dicom_slide(path)
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as exc:
        raise SlideError(f"Cannot read {path}: {exc.strerror or exc}. Check the path and its access rights.") from exc
    if empty:
        raise SlideError(f"{path} is empty (0 bytes). Copy or export it again.")
    return path


def explain_refusal(path: Path, file: Path, exc: OpenSlideError) -> SlideError:
    """Explain in one sentence why openslide does not open `file`, which stands for `path`, and what to do."""
    if not isinstance(exc, OpenSlideUnsupportedFormatError):
        reason = str(exc).removeprefix(f"Reading {file}: ")
        return SlideError(
            f"{path} cannot be opened ({reason}): it is damaged or of an unknown format. Copy or export it again."
        )
    with file.open("rb") as opened:
        head = opened.read(16)
        if head[:4] not in _TIFF_MARKS:
            return SlideError(
                f"{path} is not a whole-slide image: openslide does not know the format of its content, whatever its "
                "name says. Choose another file, or copy or export it again."
            )
        if _is_cut_off(opened, head, file.stat().st_size):
            return SlideError(f"{path} is cut off: it refers to pages beyond its end. Copy or export it again.")
    return SlideError(
        f"{path} is a TIFF that openslide does not read as a slide, most likely because its pixels are not in tiles. "
        "Save it as a tiled pyramid, for example with: vips tiffsave IN OUT.tif --tile --pyramid."
    )


def hash_ends(file: Path) -> str:
    """Hash a file's size and its first and last MiB: enough to tell slides apart, quick on any size."""
    size = file.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with file.open("rb") as opened:
        digest.update(opened.read(_ENDS_BYTES))
        opened.seek(max(0, size - _ENDS_BYTES))
        digest.update(opened.read(_ENDS_BYTES))
    return digest.hexdigest()


def _is_cut_off(opened: BinaryIO, head: bytes, size: int) -> bool:
    """Follow the chain of a TIFF's page directories, and return whether it leads beyond the end of the file."""
    order = "<" if head[:2] == b"II" else ">"
    big = b"+" in head[:4]
    pointer, count, entry_bytes = ("Q", "Q", 20) if big else ("I", "H", 12)
    at = 8 if big else 4
    directory = _number(head[at:], order + pointer)
    while 0 < directory < size:
        opened.seek(directory)
        entries = _number(opened.read(8), order + count)
        opened.seek(directory + struct.calcsize(count) + entries * entry_bytes)
        directory, last = _number(opened.read(8), order + pointer), directory
        if 0 < directory <= last:  # a loop: damaged, but not cut off
            return False
    return directory >= size


def _number(data: bytes, code: str) -> int:
    """Unpack the leading number; beyond the end of a file it is the largest there is."""
    size = struct.calcsize(code)
    return int(struct.unpack(code, data[:size])[0]) if len(data) >= size else sys.maxsize


def _only_dicom_slide(folder: Path) -> Path:
    slides: dict[str, Path] = {}
    for file in sorted(found for found in folder.glob("*.dcm") if found.is_file()):
        series = _series(file)
        if series is not None:
            slides.setdefault(series, file)
    if not slides:
        raise SlideError(f"{folder} is a folder that contains no DICOM slide. Choose a slide file.")
    if len(slides) > 1:
        names = ", ".join(file.name for file in slides.values())
        raise SlideError(f"{folder} holds {len(slides)} DICOM slides. Choose one of its files: {names}.")
    return next(iter(slides.values()))


def _series(file: Path) -> str | None:
    try:
        with OpenSlide(file) as slide:
            return slide.properties.get("dicom.SeriesInstanceUID", file.name)
    except OpenSlideError:
        return None
