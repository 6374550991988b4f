"""A picture as a slide of one level: PNG, JPEG, or a TIFF without tiles, decoded whole into memory."""

import struct
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from openslide import AbstractSlide, ImageSlide
from PIL import Image, ImageFile, ImageOps
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.formats.bright_field import RGB_ALONE, flaw_of_depth
from msm_mil_core.slides.formats.opened_image import VENDOR
from msm_mil_core.slides.formats.tiff.directories import TIFF_MARKS
from msm_mil_core.slides.formats.tiff_pages import missing_bytes, read_description
from msm_mil_core.slides.readers.tiled_level import NotDirectError
from msm_mil_core.slides.readers.whole_page import WholePage, decode_page

TIFF = "tiff"
MOST_PX = 2**26
"""Pixels of the largest picture that is read: 8,192 x 8,192, which take 256 MiB; what is larger needs a pyramid."""
MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "YCbCr"})
"""Pillow's names of what becomes RGB without a decision: 8 bits a channel, grey, with a palette or transparent."""
_FLAWS = {
    "CMYK": f"stores its colours as the inks of a printer (CMYK); {RGB_ALONE}",
    "LAB": f"stores its colours as CIE Lab; {RGB_ALONE}",
    "F": f"stores numbers with a fraction (floating point); {RGB_ALONE}",
    "I": flaw_of_depth(32),
}
"""Of those that do not, what to say of them; of what is not listed, values take 16 bits."""
CUT_OFF = "{path} is cut off: {missing:,} bytes of its pixels are missing. Copy or export it again."
PYRAMID = "Save it as a tiled pyramid, for example with: vips tiffsave IN OUT.tif --tile --pyramid."

_KINDS: tuple[tuple[bytes, str, Callable[[BinaryIO], ImageFile.ImageFile]], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png", PngImageFile),
    (b"\xff\xd8\xff", "jpeg", JpegImageFile),
    *((mark, TIFF, TiffImageFile) for mark in TIFF_MARKS),
)
"""How files begin, what they are, and what reads them; called directly, as Pillow's own way warns of large ones."""
_DAMAGE = (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, struct.error, RuntimeError)
"""What Pillow may raise on a damaged file."""
_TIFF_X, _TIFF_Y, _TIFF_UNIT = 282, 283, 296
_UNITS = {2: "inch", 3: "centimeter"}


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded picture behind openslide's interface."""

    handle: AbstractSlide
    properties: Mapping[str, str]
    """Its format, and of a TIFF what the size of its pixels is found in, by the names that openslide gives them."""
    profile: bytes
    """Its ICC profile; empty if it has none."""


def picture_kind(file: Path) -> str:
    """Return what a file begins as: "png", "jpeg" or "tiff", whatever its name says; empty if none of these."""
    with file.open("rb") as opened:
        head = opened.read(16)
    return next((kind for mark, kind, _ in _KINDS if head.startswith(mark)), "")


def is_readable_picture(file: Path) -> bool:
    """Return whether a file is a picture that `open_picture` takes, as far as its head says; never raises."""
    try:
        with file.open("rb") as opened, _whole_or_damaged():
            image = _begin(opened)
            _check(file, image)
    except (SlideError, StopIteration, *_DAMAGE):
        return False
    return True


def open_picture(path: Path, file: Path, page: int = 0) -> Picture:
    """Decode the picture in `file`, which stands for `path`: upright as its EXIF says, in RGB, over white.

    Parameters
    ----------
    page
        Of a TIFF, which of its pages.

    Raises
    ------
    SlideError
        If it is damaged, larger than `MOST_PX`, or of more than 8 bits a channel or other colours.
    """
    if missing := missing_bytes(file):  # which Pillow's decoders fill with anything
        raise SlideError(CUT_OFF.format(path=path, missing=missing))
    try:
        found = _by_pillow(path, file, page)
    except _DAMAGE as exc:
        found = _by_tifffile(path, file, page, exc)
    text = {"tiff.ImageDescription": read_description(file)} if found.properties[VENDOR] == TIFF else {}
    return Picture(ImageSlide(_over_white(found.image)), {**found.properties, **text}, found.profile)


def _by_pillow(path: Path, file: Path, page: int) -> WholePage:
    with file.open("rb") as opened, _whole_or_damaged():
        image = _begin(opened, page)
        _check(path, image)
        profile = b"" if image.mode == "L" else image.info.get("icc_profile") or b""
        return WholePage(ImageOps.exif_transpose(image), _properties(image), profile)


def _by_tifffile(path: Path, file: Path, page: int, exc: Exception) -> WholePage:
    """Decode a TIFF that Pillow does not, or say why neither does."""
    try:
        found = decode_page(file, page, MOST_PX)
    except NotDirectError as other:
        raise SlideError(f"{path} {_why(file, exc, other)}") from exc
    return WholePage(ImageOps.exif_transpose(found.image), {VENDOR: TIFF, **found.properties}, found.profile)


def _why(file: Path, exc: Exception, other: NotDirectError) -> str:
    if picture_kind(file) == TIFF:
        return f"cannot be opened, since {other}. Copy or export it again."
    if "truncated" in str(exc).lower():
        return "is cut off: its end is missing. Copy or export it again."
    return f"cannot be opened as a picture ({exc}): it is damaged or stored in an unknown way. Copy or export it again."


@contextmanager
def _whole_or_damaged() -> Iterator[None]:
    """Have Pillow refuse a picture that is cut off: some packages, weasyprint among them, have it shown in part."""
    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        with warnings.catch_warnings(action="ignore"):  # of metadata that are damaged or odd; it raises where it counts
            yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def _begin(opened: BinaryIO, page: int = 0) -> ImageFile.ImageFile:
    head = opened.read(16)
    opened.seek(0)
    image = next(read for mark, _, read in _KINDS if head.startswith(mark))(opened)
    image.seek(page)
    return image


def _check(path: Path, image: ImageFile.ImageFile) -> None:
    width, height = image.size
    if width * height > MOST_PX:
        raise SlideError(
            f"{path} has {width} x {height} pixels without a pyramid; pictures of up to {MOST_PX // 10**6} million "
            f"pixels are read. {PYRAMID}"
        )
    if image.mode not in MODES:
        raise SlideError(f"{path} {_FLAWS.get(image.mode) or flaw_of_depth(16)}")


def _over_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    opaque = Image.new("RGB", layer.size, (255, 255, 255))
    opaque.paste(layer, mask=layer)
    return opaque


def _properties(image: ImageFile.ImageFile) -> dict[str, str]:
    """Return what is known of a picture; only a TIFF's resolution may come from a microscope, not from a printer."""
    found = {VENDOR: str(image.format).lower()}
    if not isinstance(image, TiffImageFile):
        return found
    tags = {"tiff.XResolution": _TIFF_X, "tiff.YResolution": _TIFF_Y}
    found |= {name: str(image.tag_v2[tag]) for name, tag in tags.items() if tag in image.tag_v2}
    unit = _UNITS.get(image.tag_v2.get(_TIFF_UNIT, 2))
    return found if unit is None else found | {"tiff.ResolutionUnit": unit}
