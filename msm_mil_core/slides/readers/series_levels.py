"""The levels of the largest image of a TIFF as tifffile finds them: also those that hang below a page (SubIFDs)."""

import logging
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from msm_mil_core.slides.readers.byte_file import ByteSource
from msm_mil_core.slides.readers.page_level import PageLevel, page_level
from msm_mil_core.slides.readers.tiff_levels import page_tiles
from msm_mil_core.slides.readers.tiled_level import NotDirectError, TiledLevel

PLANE_AXES = ("YXS", "SYX", "CYX", "YX")
"""How tifffile names images of one plane: colours together, in planes, in pages of their own, and grey."""
_DAMAGE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, struct.error, RuntimeError)
"""What tifffile may raise on pages that it does not understand."""
DESCRIPTION, SHOWN_PAGE = "tiff.ImageDescription", "tiff.shown-page"
"""What a file says of its images, by openslide's name, and the number of the page that begins the one that is shown."""
_DESCRIPTION, _ICC = 270, 34675
_RESOLUTIONS = {"tiff.XResolution": 282, "tiff.YResolution": 283}
_UNIT, _UNITS = 296, {2: "inch", 3: "centimeter"}

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # its remarks are in our message where they count


@dataclass(frozen=True, slots=True, eq=False)
class SeriesLevels:
    """What tifffile finds in a file."""

    levels: tuple[PageLevel, ...]
    """Finest first."""
    properties: dict[str, str]
    """What the size of its pixels is found in, by the names that openslide gives them."""
    profile: bytes
    """Its ICC profile; empty if it has none."""
    images: int
    """How many images the file holds."""
    is_first: bool
    """Whether the image is the first of them: else it is larger."""
    pages: Sequence[Any] = field(repr=False)
    """Tifffile's page of each level, where one holds all colours."""

    def direct(self) -> list[TiledLevel]:
        """Return the levels whose tiles are decoded here.

        Raises
        ------
        NotDirectError
            If they are not ones that are.
        """
        if len(self.pages) != len(self.levels):
            raise NotDirectError("its colours are in pages of their own")
        try:
            return [
                page_tiles(page, level.size_px, level.file) for page, level in zip(self.pages, self.levels, strict=True)
            ]
        except _DAMAGE as exc:
            raise NotDirectError(f"its pages are unusual ({exc})") from exc


def series_levels(opened: BinaryIO, file: ByteSource) -> SeriesLevels:
    """Find the levels of the largest image of a TIFF, of the first of equals.

    Parameters
    ----------
    opened
        The file, from which tifffile reads the pages; it may be closed then.
    file
        The same, from which tiles are read.

    Raises
    ------
    NotDirectError
        If it is no TIFF in tiles of RGB or grey.
    OSError
        If it cannot be read.
    """
    from tifffile import TiffFile, TiffFileError

    try:
        with TiffFile(opened) as tiff:
            return _found(tiff, file)
    except (TiffFileError, *_DAMAGE) as exc:
        raise NotDirectError(f"its pages are unusual ({exc})") from exc


def _found(tiff: Any, file: ByteSource) -> SeriesLevels:
    series = max(tiff.series, key=lambda each: each.keyframe.imagewidth * each.keyframe.imagelength)
    if series.axes not in PLANE_AXES or (series.axes == "CYX" and series.shape[0] != 3):
        raise NotDirectError(f"it is no plane of RGB, but an image of {series.axes} {series.shape}")
    kept: list[tuple[PageLevel, Any]] = []
    for each in series.levels:
        level = _level(each, file)
        if not kept or _is_smaller(level.size_px, kept[-1][0].size_px):
            kept.append((level, each.keyframe))
    first = kept[0][1]
    pages = [page for _, page in kept] if series.axes == "YXS" else []
    return SeriesLevels(
        levels=tuple(level for level, _ in kept),
        properties=page_resolution(first) | _description(tiff, first),
        profile=page_profile(first),
        images=len(tiff.series),
        is_first=series is tiff.series[0],
        pages=pages,
    )


def _level(level: Any, file: ByteSource) -> PageLevel:
    page = level.keyframe
    pages = list(level.pages) if level.axes == "CYX" else [page]
    if any(each is None for each in pages):
        raise NotDirectError("it lacks a page")
    return page_level([page, *pages[1:]], (int(page.imagewidth), int(page.imagelength)), file)


def _is_smaller(size_px: tuple[int, int], before_px: tuple[int, int]) -> bool:
    return size_px != before_px and all(now <= before for now, before in zip(size_px, before_px, strict=True))


def _description(tiff: Any, page: Any) -> dict[str, str]:
    """Return what the file says of an image; OME-XML stands on its first page for all of them."""
    of_file = tiff.pages.first
    told = of_file if tiff.is_ome or _DESCRIPTION not in page.tags else page
    if _DESCRIPTION not in told.tags:
        return {}
    return {DESCRIPTION: str(told.tags[_DESCRIPTION].value), SHOWN_PAGE: str(page.index)}


def page_profile(page: Any) -> bytes:
    """Return the ICC profile of a page of tifffile's; empty if it has none."""
    return bytes(page.tags[_ICC].value) if _ICC in page.tags else b""


def page_resolution(page: Any) -> dict[str, str]:
    """Return the resolution that a page of tifffile's states, by openslide's names."""
    found: dict[str, str] = {}
    for name, tag in _RESOLUTIONS.items():
        if tag in page.tags:
            above, below = page.tags[tag].value
            found |= {name: str(above / below)} if below else {}
    unit = _UNITS.get(int(page.tags[_UNIT].value) if _UNIT in page.tags else 2)
    return found if unit is None else found | {"tiff.ResolutionUnit": unit}
