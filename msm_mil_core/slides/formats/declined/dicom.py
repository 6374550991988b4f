"""Why DICOM files are no slide that is read: openslide's reasons in words, and files that would end it."""

import re
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from msm_mil_core.slides.formats.bright_field import RGB_ALONE, flaw_of_depth, flaw_of_stack
from msm_mil_core.slides.formats.dicom_mark import is_dicom

MOST_FOLDERS = 200
"""So many folders in a folder are looked into for DICOM files."""
NO_LEVELS = "is the label or an overview of a slide, without the slide itself"
_KIND_OF_PLACES, _PLACES = 0x00209311, 0x52009230
"""Dimension Organization Type, and Per-Frame Functional Groups Sequence."""
_IN_ORDER = "TILED_FULL"
_NAMES = {
    "1.2.840.10008.1.2.5": "RLE",
    "1.2.840.10008.1.2.4.57": "lossless JPEG",
    "1.2.840.10008.1.2.4.70": "lossless JPEG",
    "1.2.840.10008.1.2.4.80": "JPEG-LS",
    "1.2.840.10008.1.2.4.81": "JPEG-LS",
    "1.2.840.10008.1.2.4.110": "JPEG XL",
    "1.2.840.10008.1.2.4.111": "JPEG XL",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
    "1.2.840.10008.1.2.4.201": "high-throughput JPEG 2000",
    "1.2.840.10008.1.2.4.202": "high-throughput JPEG 2000",
    "1.2.840.10008.1.2.4.203": "high-throughput JPEG 2000",
}
"""Transfer syntaxes that openslide does not know."""


def dicom_flaw(reason: str) -> str:
    """Say why openslide does not open a DICOM file, to follow the file's name; empty if its own words are the best."""
    for pattern, words in _WORDS:
        if found := re.search(pattern, reason):
            return words(found[1] if found.groups() else "")
    return ""


def _of_syntax(syntax: str) -> str:
    how = f"{_NAMES[syntax]} ({syntax})" if syntax in _NAMES else syntax
    return (
        f"is compressed as {how}, which openslide does not read. Store it as JPEG or JPEG 2000, for example with "
        "gdcmconv --jpeg."
    )


_WORDS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (r"TotalPixelMatrixFocalPlanes value (\d+)", lambda planes: flaw_of_stack(int(planes), 1)),
    (r"SamplesPerPixel value \d+", lambda _: f"has a single channel, as fluorescence has; {RGB_ALONE}"),
    (r"Bits(?:Allocated|Stored) value (\d+)", lambda bits: flaw_of_depth(int(bits))),
    (r"Unsupported transfer syntax ([\d.]+)", _of_syntax),
    (r"No pyramid levels found", lambda _: f"{NO_LEVELS}. Put all files of the slide in one folder."),
)


def lacks_places(file: Path) -> bool:
    """Return whether a DICOM file says that it lists where each frame is, but does not: openslide would crash.

    It is known only where pydicom is installed; never raises.
    """
    if find_spec("pydicom") is None or not is_dicom(file):
        return False
    try:
        kind = _upto(file, _KIND_OF_PLACES + 1)[0].get("DimensionOrganizationType")
        return kind not in (None, _IN_ORDER) and _upto(file, _PLACES)[1] != _PLACES
    except Exception:  # noqa: BLE001 - pydicom's own are many, and whatever it cannot read, openslide is asked
        return False


def _upto(file: Path, end: int) -> tuple[Any, int]:
    """Return what stands before a tag, and the first tag from there on; 0 if there is none."""
    from pydicom.filereader import read_partial

    met = [0]

    def stop(tag: Any, *_: Any) -> bool:
        met[0] = int(tag) if int(tag) >= end else 0
        return int(tag) >= end

    with file.open("rb") as opened:
        return read_partial(opened, stop_when=stop), met[0]


def folders_of_dicom(folder: Path) -> tuple[Path, ...]:
    """Return the folders inside one, at any depth, that hold DICOM files; of very many, the first ones."""
    inside: Iterable[Path] = _folders(folder, [MOST_FOLDERS])
    return tuple(each for each in inside if any(map(is_dicom, each.iterdir())))


def _folders(folder: Path, left: list[int]) -> Iterator[Path]:
    for each in sorted(folder.iterdir()):
        if left[0] <= 0:
            return
        if each.is_dir() and not each.is_symlink():
            left[0] -= 1
            yield each
            yield from _folders(each, left)
