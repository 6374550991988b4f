"""A slide as napari wants it: one lazy array per level, all of them read through one bounded store of decoded tiles."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from math import ceil, floor
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
from napari.utils.notifications import show_warning
from numpy.typing import DTypeLike
from PIL import Image

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.decoded_tiles import Pixels
from msm_mil_core.slides.slide import DECODED_BYTES, SHARED_TILES, Slide, SlideFacts
from msm_mil_core.slides.tiling.read_plan import level_ratio
from napari_msm_mil.slides.array_index import Index, per_axis, wanted_positions, within
from napari_msm_mil.slides.damaged_slide import SalvagedSlide, reopened
from napari_msm_mil.slides.pyramid_levels import LevelPlan, Size, plan_levels
from napari_msm_mil.slides.read_ahead import Area, ReadAhead

logger = logging.getLogger(__name__)

TILE_PX = 512
VIEWED_BYTES = 256 * 2**20
"""What tiles may take beyond those that a run needs, of all open slides together: some ten screens."""
READERS = 2
"""Threads that read at once: openslide gains no more from a third."""
SAME_SHAPE = 0.01
"""How far the sides of a thumbnail may be from those of the slide."""

Key: TypeAlias = tuple[int, int, int]
"""Level, row and column of a tile."""
Each: TypeAlias = Callable[..., Iterator[None]]
"""Does something with every piece, as `map` does."""
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom."""


@dataclass(frozen=True, slots=True, eq=False)
class PyramidLevel:
    """One level as a read-only array (rows, columns, 3) of uint8 that reads what it is asked for."""

    pyramid: "Pyramid"
    index: int
    """0 is the finest."""

    dtype: ClassVar = np.dtype(np.uint8)
    ndim: ClassVar = 3

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and the three colours."""
        width, height = self.pyramid.levels[self.index].size_px
        return height, width, 3

    @property
    def chunks(self) -> tuple[int, int, int]:
        """The shape of a tile: napari widens each view to whole tiles, so that small pans read nothing."""
        return TILE_PX, TILE_PX, 3

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Index | tuple[Index, ...]) -> Pixels:
        row, column, colour = per_axis(key)
        rows, columns = (
            wanted_positions(index, length) for index, length in zip((row, column), self.shape[:2], strict=True)
        )
        return self.pyramid.show(Area(self.index, rows, columns))[within(row), within(column), colour]

    def __array__(self, dtype: DTypeLike | None = None, *, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if copy is False:
            raise ValueError("a level of a slide is read from its file: there is no array of it without a copy")
        return np.asarray(self[...], dtype)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self  # nothing in it changes; a duplicated layer shares the open file and the cache


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one tile gives to an area."""

    tile: Key
    cut: tuple[slice, slice]
    """In the tile."""
    into: tuple[slice, slice]
    """In the area."""


class Pyramid:
    """The levels of one open slide and its recently used tiles."""

    def __init__(self, slide: Slide) -> None:
        self.facts = slide.facts
        self._source = object()
        self._thumbnail = _whole_thumbnail(slide)
        has_thumbnail = self._thumbnail is not None
        self.levels = plan_levels(slide.level_sizes_px, has_thumbnail=has_thumbnail, reductions=slide.reductions)
        SHARED_TILES.grow(DECODED_BYTES + VIEWED_BYTES)
        SHARED_TILES.keep_for(self, self._source)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="slide-reader")
        self._ahead = ReadAhead(self._readers, self.read, TILE_PX)
        self._whole = slide
        self._slide: Slide | SalvagedSlide = slide  # damage in the overview is an error, later it is hatched
        width, height = self.levels[-1].size_px
        self.read(Area(len(self.levels) - 1, range(height), range(width)))
        self._slide = SalvagedSlide(slide, show_warning)

    def __reduce__(self) -> tuple[Callable[..., "Pyramid"], tuple[SlideFacts]]:
        return _pyramid_again, (self.facts,)

    def show(self, area: Area) -> Pixels:
        """Read as `read` does, and read on in the direction in which the areas move."""
        pixels = self.read(area)
        width, height = self.levels[area.level].size_px
        self._ahead.follow(area, (height, width))
        return pixels

    def read(self, area: Area) -> Pixels:
        """Return these rows and columns of a level; any thread may ask, and several read."""
        return self._read(area, self._readers.map)

    def _read(self, area: Area, each: Each) -> Pixels:
        """Read at once what the slide keeps the tiles of; else, and where it is damaged, tile by tile."""
        plan, size_px = self.levels[area.level], (len(area.columns), len(area.rows))
        if self._is_kept(plan) and area.rows.step == area.columns.step == 1:
            try:
                return self._read_file(self._whole, plan, (area.columns.start, area.rows.start), size_px)
            except SlideError:
                logger.info("%s: a part of level %d is damaged", self.facts.name, area.level)
        pieces = list(_pieces(area, TILE_PX))
        absent = sum((self._source, *piece.tile) not in SHARED_TILES for piece in pieces)
        return self._joined(pieces, size_px, each if absent > 1 else map)

    def _read_file(self, slide: Slide | SalvagedSlide, plan: LevelPlan, corner_px: Size, size_px: Size) -> Pixels:
        level = plan.in_file or 0
        across, down = level_ratio(self.facts.size_px0, self._whole.level_sizes_px[level])
        xy_px0 = round(corner_px[0] * across * plan.reduction), round(corner_px[1] * down * plan.reduction)
        return slide.read(xy_px0, level, size_px, plan.reduction)

    def _is_kept(self, plan: LevelPlan) -> bool:
        """Whether the slide itself keeps the tiles of which a level is made."""
        return self._whole.keeps_tiles and plan.in_file is not None

    def _joined(self, pieces: list[_Piece], size_px: Size, each: Each) -> Pixels:
        pixels = np.empty((size_px[1], size_px[0], 3), np.uint8)

        def place(piece: _Piece) -> None:
            pixels[piece.into] = self._tile(piece.tile)[piece.cut]

        for _ in each(place, pieces):
            pass
        return pixels

    def _tile(self, tile: Key) -> Pixels:
        return SHARED_TILES.get((self._source, *tile), partial(self._make, tile))

    def _make(self, tile: Key) -> Pixels:
        level, row, column = tile
        plan = self.levels[level]
        left, top = column * TILE_PX, row * TILE_PX
        width, height = min(TILE_PX, plan.size_px[0] - left), min(TILE_PX, plan.size_px[1] - top)
        if plan.in_file is not None:
            return self._read_file(self._slide, plan, (left, top), (width, height))
        return self._reduced(level, (left, top, left + width, top + height), (width, height))

    def _reduced(self, level: int, box: Box, size_px: Size) -> Pixels:
        """Draw a level that the file lacks, from its thumbnail or by averaging the next finer level."""
        plan, finer = self.levels[level], self.levels[level - 1]
        if plan.by_thumbnail and self._thumbnail is not None:
            return _resized(self._thumbnail, _scaled(box, plan.size_px, self._thumbnail.size), size_px)
        left, top, right, bottom = _scaled(box, plan.size_px, finer.size_px)
        x, y = floor(left), floor(top)
        rows, columns = range(y, min(ceil(bottom), finer.size_px[1])), range(x, min(ceil(right), finer.size_px[0]))
        pixels = self._read(Area(level - 1, rows, columns), map)  # by itself: readers do not wait for readers
        return _resized(Image.fromarray(pixels), (left - x, top - y, right - x, bottom - y), size_px)


def slide_pyramid(slide: Slide) -> list[PyramidLevel]:
    """Return the levels of a slide, finest first, the coarsest one already read; damage elsewhere will be hatched.

    Raises
    ------
    SlideError
        If the whole slide cannot be shown in its coarsest level.
    """
    pyramid = Pyramid(slide)
    return [PyramidLevel(pyramid, index) for index in range(len(pyramid.levels))]


def _pyramid_again(facts: SlideFacts) -> Pyramid:
    return Pyramid(reopened(facts))


def _whole_thumbnail(slide: Slide) -> Image.Image | None:
    """Return the file's thumbnail where it is needed and shows the same area as the slide."""
    if not any(plan.by_thumbnail for plan in plan_levels(slide.level_sizes_px, has_thumbnail=True)):
        return None
    if "thumbnail" not in slide.associated_names:
        return None
    image = Image.fromarray(slide.associated_image("thumbnail"))
    across, down = (side / side_px0 for side, side_px0 in zip(image.size, slide.facts.size_px0, strict=True))
    return image if abs(across / down - 1) < SAME_SHAPE else None


def _pieces(area: Area, side: int) -> Iterator[_Piece]:
    """Yield the parts of an area, tile by tile."""
    rows, columns = _runs(area.rows, side), _runs(area.columns, side)
    for (row, row_cut, row_into), (column, column_cut, column_into) in product(rows, columns):
        yield _Piece((area.level, row, column), (row_cut, column_cut), (row_into, column_into))


def _runs(wanted: range, side: int) -> Iterator[tuple[int, slice, slice]]:
    """Yield for each tile along one axis: its number, which of its pixels are wanted, and where they go."""
    done = 0
    while done < len(wanted):
        tile, first = divmod(wanted[done], side)
        count = min(len(wanted) - done, ceil((side - first) / wanted.step))
        yield tile, slice(first, first + (count - 1) * wanted.step + 1, wanted.step), slice(done, done + count)
        done += count


def _scaled(box: Box, size_px: Size, other_px: Size) -> Box:
    """Carry a box from a level over to another by the exact ratio of their sizes."""
    across, down = (to / of for to, of in zip(other_px, size_px, strict=True))
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def _resized(image: Image.Image, box: Box, size_px: Size) -> Pixels:
    """Average the pixels whose centres lie in a box."""
    left, top, right, bottom = box
    box = (max(left, 0), max(top, 0), min(right, image.width), min(bottom, image.height))
    return np.array(image.resize(size_px, Image.Resampling.BOX, box=box))
