"""A whole-slide image as openslide reads it, or a picture behind the same interface."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray
from openslide import AbstractSlide, OpenSlide, OpenSlideCache, OpenSlideError, OpenSlideUnsupportedFormatError
from PIL import Image, ImageColor

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.picture import open_picture
from msm_mil_core.slides.pixel_size import find_pixel_size
from msm_mil_core.slides.read_plan import level_ratio
from msm_mil_core.slides.slide_file import check_pages, explain_refusal, find_slide_file, hash_ends, is_picture
from msm_mil_core.slides.tiff_pages import read_pages, remark_of

GENERIC = "generic-tiff"
"""Openslide's name for a TIFF of no known scanner."""
PICTURES = ("png", "jpeg", "tiff")
"""What `Slide.vendor` is of a picture, which openslide does not read."""
CACHE_BYTES = 64 * 2**20
"""Openslide's cache of decoded tiles, one per slide: enough for a row of tiles that straddle the file's own."""
STRIP_PX = 4 * 2**20
"""Pixels read at once for a thumbnail: a slide without coarse levels must not be in memory whole."""


@dataclass(frozen=True, slots=True)
class SlideFacts:
    """What identifies a slide and places it on the glass; lives on when the file is closed or gone."""

    name: str
    """File name without its folder."""
    path: str
    """Where the file was read."""
    size_px0: tuple[int, int]
    """Width and height of level 0."""
    mpp: float | None
    """Micrometres per level-0 pixel; None if neither the file nor the user gives it."""
    mpp_origin: str
    """Where `mpp` comes from: an openslide property, "user", or "missing"."""
    origin_px0: tuple[int, int]
    """Where QuPath has its origin: openslide's bounds corner if the file has bounds, else (0, 0)."""
    extent_px0: tuple[int, int]
    """Width and height that QuPath shows: openslide's bounds size if the file has bounds, else `size_px0`."""
    quick_hash: str
    """Openslide's quickhash-1, or a hash of the file's size and its first and last MiB."""


@dataclass(frozen=True, slots=True, eq=False)
class Slide:
    """An open slide: its facts, and reads that many threads may do at once. Close it, or use it in a `with`."""

    facts: SlideFacts
    level_sizes_px: tuple[tuple[int, int], ...]
    """Width and height of every level, finest first."""
    vendor: str
    """The format, as openslide calls it: "aperio", "dicom", "generic-tiff"; of a picture one of `PICTURES`."""
    properties: Mapping[str, str]
    """All properties that openslide and the scanner record."""
    background_rgb: tuple[int, int, int]
    """Colour of transparent areas: the file's own background colour, else white."""
    associated_names: tuple[str, ...]
    """Names of the images beside the slide: "label", "macro", "thumbnail"."""
    mpp_remark: str
    """Why the file's own pixel size is not used, as a sentence; empty if it is."""
    remark: str
    """What of the file is not shown, as a sentence; empty if all of it is."""
    _downsamples: tuple[float, ...] = field(repr=False)
    """The one factor per level by which openslide itself converts positions: the mean of the two exact ratios."""
    _open: list[AbstractSlide] = field(repr=False)

    def __repr__(self) -> str:
        width, height = self.facts.size_px0
        mpp = "no mpp" if self.facts.mpp is None else f"{self.facts.mpp:g} µm/px"
        return (
            f"<Slide {self.facts.name}: {width} x {height} px, {mpp}, {len(self.level_sizes_px)} levels, {self.vendor}>"
        )

    def read(self, xy_px0: tuple[int, int], level: int, size_px: tuple[int, int]) -> NDArray[np.uint8]:
        """Read `size_px` (width, height) pixels of a level as (height, width, 3); outside the slide is background.

        The first pixel is the level's pixel nearest to `xy_px0` by the exact ratio of the levels' sizes.

        Raises
        ------
        SlideError
            If the file is damaged or no longer there.
        """
        handle = self._handle()
        across, down = level_ratio(self.facts.size_px0, self.level_sizes_px[level])
        factor = self._downsamples[level]
        location = round(round(xy_px0[0] / across) * factor), round(round(xy_px0[1] / down) * factor)
        try:
            pixels = handle.read_region(location, level, size_px)
        except OpenSlideError as exc:
            raise self._damaged(f"level {level} at {tuple(xy_px0)}", exc) from exc
        return _over_background(pixels, self.background_rgb)

    def thumbnail(self, max_side_px: int) -> NDArray[np.uint8]:
        """Read the whole slide as (height, width, 3), the longer side `max_side_px`, or level 0 if that is smaller."""
        width, height = _fit(self.facts.size_px0, max_side_px)
        level = max(n for n, (w, h) in enumerate(self.level_sizes_px) if (w >= width and h >= height) or n == 0)
        thumbnail = np.empty((height, width, 3), np.uint8)
        rows_at_once = max(1, STRIP_PX * height // (self.level_sizes_px[level][0] * self.level_sizes_px[level][1]))
        for top in range(0, height, rows_at_once):
            rows = slice(top, min(top + rows_at_once, height))
            thumbnail[rows] = self._strip(level, (width, height), rows)
        return thumbnail

    def associated_image(self, name: str) -> NDArray[np.uint8]:
        """Read one of `associated_names` as (height, width, 3)."""
        if name not in self.associated_names:
            raise ValueError(f"{self.facts.name} has no image {name!r}, only {self.associated_names}")
        try:
            image = self._handle().associated_images[name]
        except OpenSlideError as exc:
            raise self._damaged(f"the associated image {name!r}", exc) from exc
        return _over_background(image, (255, 255, 255))

    def require_mpp(self) -> float:
        """Return the micrometres per level-0 pixel.

        Raises
        ------
        SlideError
            If neither the file nor the user gives it.
        """
        if self.facts.mpp is None:
            why = self.mpp_remark or "the file does not say how many micrometres a pixel covers (mpp)."
            raise SlideError(
                f"{self.facts.name}: {why} Give it: --mpp on the command line, or the mpp field of the window."
            )
        return self.facts.mpp

    def close(self) -> None:
        """Close the file; reads in progress in other threads finish first."""
        self._open.clear()  # openslide closes with the last reference, which a running read still holds

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _handle(self) -> AbstractSlide:
        try:
            return self._open[0]
        except IndexError as exc:
            raise ValueError(f"{self.facts.name} is closed") from exc

    def _damaged(self, what: str, exc: OpenSlideError) -> SlideError:
        return SlideError(
            f"{self.facts.path} opens, but {what} cannot be read ({exc}): the file is damaged or incomplete. "
            "Copy or export it again."
        )

    def _strip(self, level: int, size_px: tuple[int, int], rows: slice) -> NDArray[np.uint8]:
        level_width, level_height = self.level_sizes_px[level]
        step = level_height / size_px[1]
        top, bottom = int(rows.start * step), min(level_height, int(np.ceil(rows.stop * step)))
        y_px0 = round(top * self.facts.size_px0[1] / level_height)
        strip = Image.fromarray(self.read((0, y_px0), level, (level_width, bottom - top)))
        box = (0, rows.start * step - top, level_width, min(rows.stop * step - top, bottom - top))
        return np.asarray(strip.resize((size_px[0], rows.stop - rows.start), Image.Resampling.BOX, box=box))


def open_slide(path: Path, mpp: float | None = None) -> Slide:
    """Open a slide, a folder that holds one DICOM slide, or a picture; close it, or use it in a `with`.

    Parameters
    ----------
    path
        The file, in any format that openslide reads, a PNG, JPEG or TIFF, which is decoded whole into memory, or the
        folder.
    mpp
        Micrometres per level-0 pixel, which overrides the file's own; None takes what the file states, if it does.

    Raises
    ------
    SlideError
        If there is no such file, it cannot be opened or its colours shown, or `mpp` is out of the range of slides.
    """
    file = find_slide_file(path)
    opened = _open(path, file)
    vendor = opened.properties.get("openslide.vendor")
    pages = read_pages(file) if vendor in {GENERIC, *PICTURES} else ()  # others know their pages
    check_pages(path, pages)
    return _describe(opened, mpp, remark_of(pages))


def is_slide(path: Path) -> bool:
    """Return whether openslide opens the file or the DICOM folder, in its own colours; never raises."""
    try:
        if OpenSlide.detect_format(find_slide_file(path)) is None:
            return False
        open_slide(path).close()
    except (SlideError, OSError, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Opened:
    """What was opened."""

    path: Path
    file: Path
    handle: AbstractSlide
    properties: Mapping[str, str]


def _open(path: Path, file: Path) -> _Opened:
    try:
        handle = OpenSlide(file)
        properties = dict(handle.properties)
        handle.set_cache(OpenSlideCache(CACHE_BYTES))
    except OpenSlideError as exc:
        if not (isinstance(exc, OpenSlideUnsupportedFormatError) and is_picture(file)):
            raise explain_refusal(path, file, exc) from exc
    else:
        return _Opened(path, file, handle, properties)
    picture = open_picture(path, file)
    return _Opened(path, file, picture.handle, picture.properties)


def _describe(opened: _Opened, mpp: float | None, remark: str) -> Slide:
    path, handle, properties = opened.path, opened.handle, opened.properties
    pixel_size = find_pixel_size(path, properties, mpp)
    corner, extent = _bounds(properties) or ((0, 0), handle.dimensions)
    facts = SlideFacts(
        name=path.absolute().name,
        path=str(path.absolute()),
        size_px0=handle.dimensions,
        mpp=pixel_size.mpp,
        mpp_origin=pixel_size.origin,
        origin_px0=corner,
        extent_px0=extent,
        quick_hash=properties.get("openslide.quickhash-1") or hash_ends(opened.file),
    )
    return Slide(
        facts=facts,
        level_sizes_px=handle.level_dimensions,
        vendor=properties.get("openslide.vendor", "unknown"),
        properties=properties,
        background_rgb=_background(properties),
        associated_names=tuple(sorted(handle.associated_images)),
        mpp_remark=pixel_size.remark,
        remark=f"{path.name} {remark}" if remark else "",
        _downsamples=handle.level_downsamples,
        _open=[handle],
    )


def _bounds(properties: Mapping[str, str]) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return corner and size where all four bounds are given: QuPath's rule."""
    try:
        x, y, width, height = (int(properties[f"openslide.bounds-{side}"]) for side in ("x", "y", "width", "height"))
    except (KeyError, ValueError):
        return None
    return (x, y), (width, height)


def _background(properties: Mapping[str, str]) -> tuple[int, int, int]:
    try:
        red, green, blue = ImageColor.getrgb(f"#{properties['openslide.background-color']}")[:3]
    except (KeyError, ValueError):
        return (255, 255, 255)
    return red, green, blue


def _over_background(image: Image.Image, background_rgb: tuple[int, int, int]) -> NDArray[np.uint8]:
    if image.mode != "RGBA" or image.getchannel("A").getextrema() == (255, 255):
        return np.array(image.convert("RGB"))
    opaque = Image.new("RGB", image.size, background_rgb)
    opaque.paste(image, mask=image)
    return np.array(opaque)


def _fit(size_px0: tuple[int, int], max_side_px: int) -> tuple[int, int]:
    shrink = min(1.0, max_side_px / max(size_px0))
    return max(1, round(size_px0[0] * shrink)), max(1, round(size_px0[1] * shrink))
