"""TIFFs of no known scanner, and pictures: by openslide where that shows them whole and rightly, else otherwise."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from openslide import OpenSlide, OpenSlideError, OpenSlideUnsupportedFormatError

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.decoded_tiles import DecodedTiles
from msm_mil_core.slides.formats.bright_field import is_rgb_in_pages
from msm_mil_core.slides.formats.opened_image import OpenedImage
from msm_mil_core.slides.formats.picture import MOST_PX, TIFF, open_picture, picture_kind
from msm_mil_core.slides.formats.slide_file import check_channels, check_page, hash_ends, is_picture
from msm_mil_core.slides.formats.tiff_pages import (
    TiffPage,
    largest_page,
    missing_bytes,
    read_description,
    read_pages,
    remark_of,
)
from msm_mil_core.slides.formats.tiff_series import open_tiff_series
from msm_mil_core.slides.readers.direct_slide import GENERIC
from msm_mil_core.slides.readers.levels_reader import WHITE
from msm_mil_core.slides.readers.openslide_reader import OpenslideReader
from msm_mil_core.slides.readers.reader_choice import ReaderChoice
from msm_mil_core.slides.readers.tiled_level import NotDirectError

OPENSLIDE: Final = "openslide"
PICTURE: Final = "picture"
DESCRIPTION = "tiff.ImageDescription"
OPACITY = (1, 2)
"""What the fourth value of a pixel is in a TIFF if it says how opaque it is."""

logger = logging.getLogger(__name__)


def opens_otherwise(file: Path, exc: OpenSlideError) -> bool:
    """Return whether a file that openslide does not open is one that other libraries may."""
    known = not isinstance(exc, OpenSlideUnsupportedFormatError)
    if known and (OpenSlide.detect_format(file) != GENERIC or missing_bytes(file)):
        return False
    return is_picture(file)


def open_generic_tiff(opened: OpenedImage, choice: ReaderChoice, tiles: DecodedTiles) -> OpenedImage:
    """Return a TIFF that openslide has opened, or the same opened otherwise, where openslide shows it in part.

    Parameters
    ----------
    choice
        "openslide" leaves it to openslide where that shows what it shows rightly.

    Raises
    ------
    SlideError
        If it is no bright-field slide, or openslide would show it wrongly and nothing else opens it.
    """
    file = opened.file
    pages, description = read_pages(file), opened.properties.get(DESCRIPTION, "")
    shown = 0 if choice == OPENSLIDE else largest_page(pages)
    in_pages = is_rgb_in_pages(description)
    _check(opened.path, pages, description, shown)
    if pages and not pages[shown].is_upright:
        return _turned(opened.path, file, pages, shown)
    if choice != OPENSLIDE and pages and (in_pages or shown or _shown_in_part(pages[0])):
        try:
            return open_tiff_series(opened.path, file, tiles, opened.quick_hash)
        except (NotDirectError, OSError) as exc:
            logger.info("%s is opened by openslide, as it shows the first page, since %s", opened.path, exc)
    check_channels(opened.path, pages)
    return replace(opened, remark=remark_of(pages))


def _check(path: Path, pages: Sequence[TiffPage], description: str, shown: int) -> None:
    check_page(path, pages, description, shown)
    if not is_rgb_in_pages(description):
        check_channels(path, pages)


def _shown_in_part(page: TiffPage) -> bool:
    """Return whether openslide leaves out levels below a page, or takes its last value for opacity where it is not."""
    return page.has_levels or page.samples == 2 or (page.samples == 4 and page.extra not in OPACITY)


def _turned(path: Path, file: Path, pages: Sequence[TiffPage], shown: int) -> OpenedImage:
    """Open a TIFF that is turned or mirrored as a picture, which is turned upright; openslide would turn each tile."""
    if pages[shown].area_px > MOST_PX:
        raise SlideError(
            f"{path} is stored turned or mirrored (orientation {pages[shown].orientation} of TIFF), which is not read "
            "of a slide of this size. Save it upright: vips autorot IN OUT.tif[tile,pyramid]."
        )
    return _as_picture(path, file, pages, shown)


def open_otherwise(path: Path, file: Path, tiles: DecodedTiles) -> OpenedImage:
    """Open a picture, or a TIFF in tiles that openslide does not read.

    Raises
    ------
    SlideError
        If it is no bright-field slide or picture, larger than is decoded without tiles, or damaged.
    """
    pages, description = read_pages(file), read_description(file)
    shown = largest_page(pages)
    if picture_kind(file) == TIFF and not (pages and pages[shown].area_px):
        raise SlideError(f"{path} holds no image: it was not written to its end. Copy or export it again.")
    _check(path, pages, description, shown)
    if pages and pages[shown].is_upright:
        try:
            return open_tiff_series(path, file, tiles)
        except (NotDirectError, OSError) as exc:
            logger.info("%s is opened as a picture, since %s", path, exc)
    return _as_picture(path, file, pages, shown)


def _as_picture(path: Path, file: Path, pages: Sequence[TiffPage], shown: int) -> OpenedImage:
    check_channels(path, pages)
    picture = open_picture(path, file, shown)
    return OpenedImage(
        path=path,
        handle=picture.handle,
        properties=picture.properties,
        reader=OpenslideReader(picture.handle, (1.0,), WHITE, PICTURE),
        quick_hash=hash_ends(file),
        profile=picture.profile,
        remark=remark_of(pages, shown),
    )
