"""Opens a file with the library that knows it best, and chooses what reads its pixels."""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from openslide import OpenSlide, OpenSlideCache, OpenSlideError
from PIL import ImageCms, ImageColor

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.decoded_tiles import DecodedTiles
from msm_mil_core.slides.formats.address import remote_address
from msm_mil_core.slides.formats.color_profile import UNREADABLE
from msm_mil_core.slides.formats.ome_zarr import open_ome_zarr
from msm_mil_core.slides.formats.opened_image import QUICK_HASH, VENDOR, OpenedImage
from msm_mil_core.slides.formats.remote import ELSEWHERE, FSSPEC, HERE, open_remote
from msm_mil_core.slides.formats.slide_file import explain_refusal, find_slide_file, hash_ends
from msm_mil_core.slides.formats.tiff.generic_tiff import open_generic_tiff, open_otherwise, opens_otherwise
from msm_mil_core.slides.formats.zarr_mark import is_ome_zarr
from msm_mil_core.slides.readers.direct_slide import GENERIC, SlideFile, direct_reader, tiles_of
from msm_mil_core.slides.readers.levels_reader import WHITE
from msm_mil_core.slides.readers.openslide_reader import OpenslideReader
from msm_mil_core.slides.readers.reader import Reader, ReadError
from msm_mil_core.slides.readers.reader_choice import ReaderChoice
from msm_mil_core.slides.readers.tiled_level import NotDirectError

OPENSLIDE: Final = "openslide"
CACHE_BYTES = 64 * 2**20
"""Openslide's cache of decoded tiles, one per slide: enough for a row of tiles that straddle the file's own."""

logger = logging.getLogger(__name__)


def open_file(path: Path, choice: ReaderChoice, tiles: DecodedTiles) -> OpenedImage:
    """Open a slide, the DICOM or OME-Zarr slide of a folder, or a picture.

    Parameters
    ----------
    choice
        "openslide" leaves to openslide also what it opens in part only.
    tiles
        Where tiles are kept that other libraries decode.

    Raises
    ------
    SlideError
        If there is no such file, it cannot be opened, or its colours cannot be shown.
    """
    address = remote_address(path)
    if address is not None or choice == FSSPEC:
        return _elsewhere(path, address, choice, tiles)
    file = find_slide_file(path)
    if is_ome_zarr(file):
        return open_ome_zarr(path, tiles)
    try:
        handle = OpenSlide(file)
        properties = dict(handle.properties)
        handle.set_cache(OpenSlideCache(CACHE_BYTES))
    except OpenSlideError as exc:
        if not opens_otherwise(file, exc):
            raise explain_refusal(path, file, exc) from exc
    else:
        opened = _by_openslide(path, file, handle, properties)
        return opened if opened.vendor != GENERIC else open_generic_tiff(opened, choice, tiles)
    return open_otherwise(path, file, tiles)


def _elsewhere(path: Path, address: str | None, choice: ReaderChoice, tiles: DecodedTiles) -> OpenedImage:
    if address is None:
        raise SlideError(HERE.format(path=path))
    if choice != FSSPEC:
        raise SlideError(ELSEWHERE.format(address=address))
    return open_remote(path, address, tiles)


def choose_reader(opened: OpenedImage, choice: ReaderChoice, tiles: DecodedTiles) -> tuple[OpenedImage, Reader]:
    """Return the reader, and what it belongs to: the file is opened again where a check has met damage.

    Raises
    ------
    SlideError
        If it cannot be read as chosen.
    """
    if choice in (OPENSLIDE, FSSPEC):
        return opened, opened.reader
    slide = SlideFile(opened.file, opened.vendor, opened.reader, opened.find_tiles)
    try:
        return opened, direct_reader(slide, choice, tiles)
    except NotDirectError as exc:
        return opened, _fall_back(opened, choice, exc)
    except ReadError as exc:
        fresh = open_file(opened.path, choice, tiles)
        return fresh, _fall_back(fresh, choice, exc)


def _fall_back(opened: OpenedImage, choice: ReaderChoice, exc: Exception) -> Reader:
    if choice != "auto":
        raise SlideError(
            f"{opened.path} cannot be read by the reader {choice!r}, since {exc}. Let it be chosen (auto), or take "
            "openslide."
        ) from exc
    logger.info("%s is read by %s, since %s", opened.path, opened.reader.name, exc)
    return opened.reader


def _by_openslide(path: Path, file: Path, handle: OpenSlide, properties: Mapping[str, str]) -> OpenedImage:
    reader = OpenslideReader(handle, handle.level_downsamples, _background(properties), OPENSLIDE)
    vendor, sizes_px = properties.get(VENDOR, ""), handle.level_dimensions
    return OpenedImage(
        path=path,
        handle=handle,
        properties=properties,
        reader=reader,
        quick_hash=properties.get(QUICK_HASH) or hash_ends(file),
        profile=_profile(handle),
        file=file,
        find_tiles=partial(tiles_of, file, vendor, sizes_px),
    )


def _profile(handle: OpenSlide) -> bytes:
    """Return the bytes of the slide's ICC profile, or some that are none where it cannot be read; none without one."""
    try:
        profile = handle.color_profile
    except (OpenSlideError, OSError, ImageCms.PyCMSError):
        return UNREADABLE.encode()
    return b"" if profile is None else profile.tobytes()


def _background(properties: Mapping[str, str]) -> tuple[int, int, int]:
    try:
        red, green, blue = ImageColor.getrgb(f"#{properties['openslide.background-color']}")[:3]
    except (KeyError, ValueError):
        return WHITE
    return red, green, blue
