"""A whole-slide image behind one interface, however its pixels are read; or a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from openslide import OpenSlide, OpenSlideError
from PIL import Image

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.decoded_tiles import DecodedTiles
from msm_mil_core.slides.formats.arrays import arrays_as_image
from msm_mil_core.slides.formats.color_choice import ColorChoice
from msm_mil_core.slides.formats.color_profile import AS_STORED, changes_colors, profile_name, to_srgb
from msm_mil_core.slides.formats.opened_file import OPENSLIDE, choose_reader, open_file
from msm_mil_core.slides.formats.opened_image import Handle, OpenedImage
from msm_mil_core.slides.formats.slide_file import find_slide_file
from msm_mil_core.slides.formats.zarr_mark import is_ome_zarr
from msm_mil_core.slides.pixel_size import find_pixel_size
from msm_mil_core.slides.readers.openslide_reader import over_background
from msm_mil_core.slides.readers.reader import Reader, ReadError
from msm_mil_core.slides.readers.reader_choice import ReaderChoice
from msm_mil_core.slides.readers.srgb_reader import SrgbReader
from msm_mil_core.slides.tiling.read_plan import ReadPlan, level_ratio, plan_read

PICTURES = ("png", "jpeg", "tiff")
"""What `Slide.vendor` is of a picture, which openslide does not read."""
NO_SLIDE = "none"
"""What `SlideFacts.reader` is where features were run without their slide."""
DECODED_BYTES = 128 * 2**20
"""What tiles decoded directly take together in a process that only reads: two rows of a section 85,000 px wide."""
SHARED_TILES = DecodedTiles(DECODED_BYTES)
"""The decoded tiles of all open slides of this process: who opens a slide that is open already shares its tiles."""
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
    reader: str = OPENSLIDE
    """What read its pixels: "openslide", "picture", "direct", "direct-scaled", "tifffile", "zarr" or "layer"; in older
    files always the first. `NO_SLIDE` where there are features only."""
    profile: str = ""
    """What the file's ICC profile calls itself; empty if it has none, or a version of this program did not look."""
    colors: ColorChoice = AS_STORED
    """How its pixels were read: as the file has them, or converted to sRGB by that profile."""

    @property
    def has_slide(self) -> bool:
        """Whether there is a file with pixels, here or elsewhere; False for features that were run alone."""
        return self.reader != NO_SLIDE


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
    reductions: tuple[int, ...]
    """By how many times a level can be read coarser than it is: (1,), or more where decoding itself reduces."""
    _profile: bytes = field(repr=False)
    _open: list[tuple[Handle, Reader]] = field(repr=False)

    def __repr__(self) -> str:
        width, height = self.facts.size_px0
        mpp = "no mpp" if self.facts.mpp is None else f"{self.facts.mpp:g} µm/px"
        return (
            f"<Slide {self.facts.name}: {width} x {height} px, {mpp}, {len(self.level_sizes_px)} levels, {self.vendor}>"
        )

    @property
    def keeps_tiles(self) -> bool:
        """Whether it keeps the file's decoded tiles itself, so that reading a region again is cheap."""
        return self._opened()[1].keeps_tiles

    def read(
        self, xy_px0: tuple[int, int], level: int, size_px: tuple[int, int], reduction: int = 1
    ) -> NDArray[np.uint8]:
        """Read `size_px` (width, height) pixels of a level as (height, width, 3); outside the slide is background.

        The first pixel is the level's pixel nearest to `xy_px0` by the exact ratio of the levels' sizes. With one of
        the `reductions`, pixels are so many times as large as the level's, which decoding makes at once.

        Raises
        ------
        SlideError
            If the file is damaged or no longer there.
        """
        _, reader = self._opened()
        across, down = level_ratio(self.facts.size_px0, self.level_sizes_px[level])
        corner_px = round(xy_px0[0] / (across * reduction)), round(xy_px0[1] / (down * reduction))
        try:
            return reader.read(level, corner_px, size_px, reduction)
        except ReadError as exc:
            raise self._damaged(f"level {level} at {tuple(xy_px0)}", exc) from exc

    @property
    def has_own_colors(self) -> bool:
        """Whether its pixels look otherwise once its ICC profile is applied."""
        return changes_colors(self._profile)

    def in_colors(self, colors: ColorChoice) -> "Slide":
        """Return the same open slide whose pixels are as the file has them, or converted to sRGB by its ICC profile.

        It is the slide itself where that makes no difference: without a profile, or with that of sRGB. Both are closed
        each by itself.
        """
        if colors == self.facts.colors or not changes_colors(self._profile):
            return self
        handle, reader = self._opened()
        inner = reader.inner if isinstance(reader, SrgbReader) else reader
        chosen = inner if colors == AS_STORED else SrgbReader(inner, to_srgb(self._profile))
        return replace(self, facts=replace(self.facts, colors=colors), _open=[(handle, chosen)])

    def plan_read(self, side_px0: int, side_px: int) -> ReadPlan:
        """Choose how to read square tiles of `side_px0` level-0 pixels that shall have `side_px`."""
        return plan_read(side_px0, side_px, self.facts.size_px0, self.level_sizes_px, self.reductions)

    def thumbnail(self, max_side_px: int) -> NDArray[np.uint8]:
        """Read the whole slide as (height, width, 3), the longer side `max_side_px`, or level 0 if that is smaller."""
        width, height = _fit(self.facts.size_px0, max_side_px)
        level = max(n for n, (w, h) in enumerate(self.level_sizes_px) if (w >= width and h >= height) or n == 0)
        wide, high = self.level_sizes_px[level]
        reduction = max(n for n in self.reductions if (wide // n >= width and high // n >= height) or n == 1)
        thumbnail = np.empty((height, width, 3), np.uint8)
        rows_at_once = max(1, STRIP_PX * height * reduction**2 // (wide * high))
        for top in range(0, height, rows_at_once):
            rows = slice(top, min(top + rows_at_once, height))
            thumbnail[rows] = self._strip((level, reduction), (width, height), rows)
        return thumbnail

    def associated_image(self, name: str) -> NDArray[np.uint8]:
        """Read one of `associated_names` as (height, width, 3)."""
        if name not in self.associated_names:
            raise ValueError(f"{self.facts.name} has no image {name!r}, only {self.associated_names}")
        try:
            image = self._opened()[0].associated_images[name]
        except OpenSlideError as exc:
            raise self._damaged(f"the associated image {name!r}", exc) from exc
        return over_background(image, (255, 255, 255))

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
                f"{self.facts.name}: {why} Give it: --mpp on the command line, or the pixel size in the window."
            )
        return self.facts.mpp

    def close(self) -> None:
        """Close the file and drop its decoded tiles; reads in progress in other threads finish first."""
        self._open.clear()  # the file closes with the last reference, which a running read still holds; so do its tiles

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _opened(self) -> tuple[Handle, Reader]:
        try:
            return self._open[0]
        except IndexError as exc:
            raise ValueError(f"{self.facts.name} is closed") from exc

    def _damaged(self, what: str, exc: Exception) -> SlideError:
        return SlideError(
            f"{self.facts.path} opens, but {what} cannot be read ({exc}): the file is damaged or incomplete. "
            "Copy or export it again."
        )

    def _strip(self, source: tuple[int, int], size_px: tuple[int, int], rows: slice) -> NDArray[np.uint8]:
        level, reduction = source
        width, height = (side / reduction for side in self.level_sizes_px[level])
        step = height / size_px[1]
        top, bottom = int(rows.start * step), min(ceil(height), ceil(rows.stop * step))
        y_px0 = round(top * self.facts.size_px0[1] / height)
        strip = Image.fromarray(self.read((0, y_px0), level, (ceil(width), bottom - top), reduction))
        box = (0, rows.start * step - top, width, min(rows.stop * step - top, bottom - top))
        return np.asarray(strip.resize((size_px[0], rows.stop - rows.start), Image.Resampling.BOX, box=box))


def open_slide(
    path: Path, mpp: float | None = None, reader: ReaderChoice = "auto", tiles: DecodedTiles | None = None
) -> Slide:
    """Open a slide, a folder that holds one DICOM slide or is OME-Zarr, or a picture; close it, or use it in a `with`.

    Parameters
    ----------
    path
        The file, in any format that openslide reads, a TIFF in tiles, a PNG, JPEG or other TIFF, which is decoded whole
        into memory, or the folder.
    mpp
        Micrometres per level-0 pixel, which overrides the file's own; None takes what the file states, if it does.
    reader
        What reads the pixels: "auto" decodes the file's tiles directly where a check finds openslide's pixels, at
        half or quarter scale where a level coarser than the file's is wanted; "openslide"; "direct", always at full
        scale; "direct-scaled", which is what "auto" tries; "fsspec" for a slide at an address (s3://…, https://…).
    tiles
        Where tiles decoded directly are kept until the slide is closed; by default in one store for all slides.

    Raises
    ------
    SlideError
        If there is no such file, it cannot be opened or its colours shown, `mpp` is out of the range of slides, or it
        cannot be read directly although `reader` asks for that.
    """
    tiles = SHARED_TILES if tiles is None else tiles
    opened, chosen = choose_reader(_with_pixels(open_file(path, reader, tiles)), reader, tiles)
    return _describe(opened, chosen, mpp)


def open_arrays(
    levels: Sequence[Any],
    path: Path,
    *,
    layer_mpp: tuple[float, float] | None = None,
    mpp: float | None = None,
    tiles: DecodedTiles | None = None,
) -> Slide:
    """Take the levels of an image that another program has opened as a slide; see `arrays_as_image`.

    Parameters
    ----------
    mpp
        Micrometres per pixel as a user typed them, which override those of the levels.

    Raises
    ------
    SlideError
        As `arrays_as_image` and `open_slide` do.
    """
    opened = arrays_as_image(levels, path, layer_mpp, SHARED_TILES if tiles is None else tiles)
    return _describe(opened, opened.reader, mpp)


def is_slide(path: Path) -> bool:
    """Return whether openslide opens the file or DICOM folder in its own colours, or it is OME-Zarr; never raises."""
    try:
        file = find_slide_file(path)
        if not is_ome_zarr(file) and OpenSlide.detect_format(file) is None:
            return False
        open_slide(path, reader=OPENSLIDE).close()
    except (SlideError, OSError, ValueError):
        return False
    return True


def _with_pixels(opened: OpenedImage) -> OpenedImage:
    for width, height in opened.handle.level_dimensions:
        if not (width and height):
            raise SlideError(
                f"{opened.path} says that it has {width} x {height} pixels: it is damaged. Copy or export it again."
            )
    return opened


def _describe(opened: OpenedImage, reader: Reader, mpp: float | None) -> Slide:
    path, handle, properties = opened.path, opened.handle, opened.properties
    pixel_size = find_pixel_size(path, properties, mpp)
    corner, extent = _bounds(properties) or ((0, 0), handle.dimensions)
    facts = SlideFacts(
        name=path.absolute().name,
        path=opened.place or str(path.absolute()),
        size_px0=handle.dimensions,
        mpp=pixel_size.mpp,
        mpp_origin=pixel_size.origin,
        origin_px0=corner,
        extent_px0=extent,
        quick_hash=opened.quick_hash,
        reader=reader.name,
        profile=profile_name(opened.profile),
    )
    return Slide(
        facts=facts,
        level_sizes_px=handle.level_dimensions,
        vendor=opened.vendor or "unknown",
        properties=properties,
        background_rgb=opened.reader.background_rgb,
        associated_names=tuple(sorted(handle.associated_images)),
        mpp_remark=pixel_size.remark,
        remark=f"{path.name} {opened.remark}" if opened.remark else "",
        reductions=reader.reductions,
        _profile=opened.profile,
        _open=[(handle, reader)],
    )


def _bounds(properties: Mapping[str, str]) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return corner and size where all four bounds are given: QuPath's rule."""
    try:
        x, y, width, height = (int(properties[f"openslide.bounds-{side}"]) for side in ("x", "y", "width", "height"))
    except (KeyError, ValueError):
        return None
    return (x, y), (width, height)


def _fit(size_px0: tuple[int, int], max_side_px: int) -> tuple[int, int]:
    shrink = min(1.0, max_side_px / max(size_px0))
    return max(1, round(size_px0[0] * shrink)), max(1, round(size_px0[1] * shrink))
