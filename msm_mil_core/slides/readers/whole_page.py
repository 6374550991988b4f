"""A page of a TIFF that tifffile decodes as a whole: compressions and orders of bytes that Pillow does not know."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from msm_mil_core.slides.decoded_tiles import Pixels
from msm_mil_core.slides.readers.page_colors import page_colors
from msm_mil_core.slides.readers.series_levels import page_profile, page_resolution
from msm_mil_core.slides.readers.tiled_level import NotDirectError

_ORIENTATION = 274
_PLANES_APART, _UNCOMPRESSED = 2, 1
MORE_CODECS = "more are with imagecodecs: pip install 'napari-msm-mil[fast]'"
_DAMAGE = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    struct.error,
    RuntimeError,
    OSError,
    MemoryError,
)
"""What tifffile and its decoders may raise on a page that is damaged or that they do not know."""


@dataclass(frozen=True, slots=True, eq=False)
class WholePage:
    """One decoded page."""

    image: Image.Image
    """In RGB, or RGBA with opacity; how it is turned stands in its EXIF."""
    properties: dict[str, str]
    """What the size of its pixels is found in, by the names that openslide gives them."""
    profile: bytes
    """Its ICC profile; empty if it has none."""


def decode_page(file: Path, number: int, most_px: int) -> WholePage:
    """Decode a page of a file.

    Parameters
    ----------
    most_px
        How many pixels are decoded at most.

    Raises
    ------
    NotDirectError
        If it is no TIFF, its page is larger, damaged, or of other colours than RGB and grey.
    """
    from tifffile import TIFF, TiffFile, TiffFileError

    try:
        with TiffFile(file) as tiff:
            page: Any = tiff.pages[number]
            if page.imagewidth * page.imagelength > most_px:
                raise NotDirectError(f"it has {page.imagewidth} x {page.imagelength} pixels without a pyramid")
            if page.compression != _UNCOMPRESSED and page.compression not in TIFF.DECOMPRESSORS:
                raise NotDirectError(f"its compression ({_name(page)}) is not known here; {MORE_CODECS}")
            image = Image.fromarray(_pixels(page))
            image.getexif()[_ORIENTATION] = int(page.tags[_ORIENTATION].value) if _ORIENTATION in page.tags else 1
            return WholePage(image, page_resolution(page), page_profile(page))
    except (TiffFileError, *_DAMAGE) as exc:
        raise NotDirectError(f"its pixels cannot be decoded ({exc})") from exc


def _name(page: Any) -> str:
    return str(getattr(page.compression, "name", page.compression)).lower()


def _pixels(page: Any) -> Pixels:
    colors = page_colors(page)
    if not all(page.databytecounts):
        raise NotDirectError("parts of its pixels were never written")
    whole = np.asarray(page.asarray())
    if whole.ndim == 2:
        whole = whole[..., None]
    elif page.planarconfig == _PLANES_APART:
        whole = np.moveaxis(whole, 0, 2)
    return colors.as_rgb(whole[..., : colors.samples])
