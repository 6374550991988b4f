"""A slide whose tiles can be decoded directly, with the pixels that openslide or tifffile shows."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from msm_mil_core.slides.decoded_tiles import DecodedTiles
from msm_mil_core.slides.readers.dicom_levels import dicom_levels
from msm_mil_core.slides.readers.direct_reader import DIRECT, DIRECT_SCALED, DirectReader, reductions_of
from msm_mil_core.slides.readers.reader import Reference
from msm_mil_core.slides.readers.reader_choice import ReaderChoice
from msm_mil_core.slides.readers.self_check import find_difference
from msm_mil_core.slides.readers.tiff_levels import tiff_levels
from msm_mil_core.slides.readers.tiled_level import NotDirectError, TiledLevel

APERIO, DICOM, GENERIC = "aperio", "dicom", "generic-tiff"
DIRECT_VENDORS = frozenset({APERIO, DICOM, GENERIC})
"""Formats whose levels are plain grids of tiles; others place, overlap or clean tiles in ways that openslide knows."""


@dataclass(frozen=True, slots=True, eq=False)
class SlideFile:
    """An open slide, and what of it decides how it is read."""

    file: Path
    vendor: str
    reference: Reference
    """Reads it otherwise: with its pixels those of tiles decoded directly are compared."""
    find_levels: Callable[[], list[TiledLevel]]
    """Finds its tiles; raises `NotDirectError` where they are not ones that are decoded here."""


def direct_reader(slide: SlideFile, choice: ReaderChoice, tiles: DecodedTiles) -> DirectReader:
    """Return a reader that decodes tiles directly, once a few of them are checked.

    Raises
    ------
    NotDirectError
        If the file is not one that can be, or a checked tile differs from what the other reader shows.
    ReadError
        If the other reader cannot read a checked tile; a handle of openslide is of no more use then.
    """
    levels = slide.find_levels()
    if slide.vendor == APERIO and any((tiled.counts == 0).any() for tiled in levels):
        raise NotDirectError("it lacks tiles, which openslide fills from coarser levels")
    reductions = (1,) if choice == DIRECT else reductions_of(levels)
    if choice == DIRECT_SCALED and len(reductions) == 1:
        raise NotDirectError("its tiles cannot be decoded at half scale")
    source = _source_of(slide)
    direct = DirectReader(levels, slide.reference, tiles, source, reductions)
    tiles.keep_for(direct, source)
    if difference := find_difference(direct):
        raise NotDirectError(difference)
    return direct


def _source_of(slide: SlideFile) -> str:
    """Return what is the same for every opening of the same, unchanged file; of DICOM, of all files beside it."""
    file = slide.file.resolve()
    try:
        files = sorted(file.parent.iterdir()) if slide.vendor == DICOM else [file]
        states = [(each.name, each.stat()) for each in files]
    except OSError as exc:
        raise NotDirectError(f"it cannot be read ({exc})") from exc
    known = [(name, state.st_size, state.st_mtime_ns, state.st_ino) for name, state in states]
    seen = slide.reference.name  # what openslide shows of a level is not what tifffile finds
    return hashlib.sha256(repr((str(file), seen, known)).encode("utf-8", "surrogatepass")).hexdigest()


def tiles_of(file: Path, vendor: str, level_sizes_px: Sequence[tuple[int, int]]) -> list[TiledLevel]:
    """Find the tiles of a slide that openslide has opened.

    Raises
    ------
    NotDirectError
        If they are not ones that are decoded here.
    """
    if vendor not in DIRECT_VENDORS:
        raise NotDirectError(f"tiles of the format {vendor or 'unknown'} are not decoded directly")
    try:
        find = dicom_levels if vendor == DICOM else tiff_levels
        return find(file, level_sizes_px)
    except OSError as exc:
        raise NotDirectError(f"it cannot be read ({exc})") from exc
