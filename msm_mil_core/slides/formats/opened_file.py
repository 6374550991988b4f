"""A file that openslide or the reader of pictures has opened, and what reads its pixels."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from openslide import AbstractSlide, OpenSlide, OpenSlideCache, OpenSlideError, OpenSlideUnsupportedFormatError
from PIL import ImageColor

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.decoded_tiles import DecodedTiles
from msm_mil_core.slides.formats.picture import open_picture
from msm_mil_core.slides.formats.slide_file import explain_refusal, find_slide_file, is_picture
from msm_mil_core.slides.readers.direct_slide import SlideFile, direct_reader
from msm_mil_core.slides.readers.openslide_reader import OpenslideReader
from msm_mil_core.slides.readers.reader import Reader, ReadError
from msm_mil_core.slides.readers.reader_choice import ReaderChoice
from msm_mil_core.slides.readers.tiled_level import NotDirectError

OPENSLIDE: Final = "openslide"
PICTURE: Final = "picture"
CACHE_BYTES = 64 * 2**20
"""Openslide's cache of decoded tiles, one per slide: enough for a row of tiles that straddle the file's own."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class OpenedFile:
    """A slide's file, or a decoded picture, behind openslide's interface."""

    path: Path
    """What was to be opened: a file or a folder."""
    file: Path
    """The file that stands for it."""
    handle: AbstractSlide
    properties: Mapping[str, str]
    reader: OpenslideReader
    """Reads through the handle."""

    @property
    def vendor(self) -> str:
        """The format; empty if openslide does not name it."""
        return self.properties.get("openslide.vendor", "")


def open_file(path: Path) -> OpenedFile:
    """Open a slide, the DICOM slide of a folder, or a picture.

    Raises
    ------
    SlideError
        If there is no such file, or it cannot be opened.
    """
    file = find_slide_file(path)
    try:
        handle = OpenSlide(file)
        properties = dict(handle.properties)
        handle.set_cache(OpenSlideCache(CACHE_BYTES))
    except OpenSlideError as exc:
        if not (isinstance(exc, OpenSlideUnsupportedFormatError) and is_picture(file)):
            raise explain_refusal(path, file, exc) from exc
    else:
        return _opened(path, file, handle, properties, OPENSLIDE)
    picture = open_picture(path, file)
    return _opened(path, file, picture.handle, picture.properties, PICTURE)


def choose_reader(opened: OpenedFile, choice: ReaderChoice, tiles: DecodedTiles) -> tuple[OpenedFile, Reader]:
    """Return the reader, and what it belongs to: the file is opened again where a check has met damage.

    Raises
    ------
    SlideError
        If it cannot be read as chosen.
    """
    if choice == OPENSLIDE:
        return opened, opened.reader
    slide = SlideFile(opened.file, opened.vendor, opened.handle.level_dimensions, opened.reader)
    try:
        return opened, direct_reader(slide, choice, tiles)
    except NotDirectError as exc:
        return opened, _fall_back(opened, choice, exc)
    except ReadError as exc:
        fresh = open_file(opened.path)
        return fresh, _fall_back(fresh, choice, exc)


def _fall_back(opened: OpenedFile, choice: ReaderChoice, exc: Exception) -> Reader:
    if choice != "auto":
        raise SlideError(
            f"{opened.path} cannot be read by the reader {choice!r}, since {exc}. Let it be chosen (auto), or take "
            "openslide."
        ) from exc
    logger.info("%s is read by %s, since %s", opened.path, opened.reader.name, exc)
    return opened.reader


def _opened(path: Path, file: Path, handle: AbstractSlide, properties: Mapping[str, str], name: str) -> OpenedFile:
    reader = OpenslideReader(handle, handle.level_downsamples, _background(properties), name)
    return OpenedFile(path, file, handle, properties, reader)


def _background(properties: Mapping[str, str]) -> tuple[int, int, int]:
    try:
        red, green, blue = ImageColor.getrgb(f"#{properties['openslide.background-color']}")[:3]
    except (KeyError, ValueError):
        return (255, 255, 255)
    return red, green, blue
