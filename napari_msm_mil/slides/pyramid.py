"""A slide as napari wants it: one lazy array per level, all of them read through one cache of decoded tiles."""

import operator
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from math import ceil, floor
from types import EllipsisType
from typing import Any, ClassVar, Self, SupportsIndex, TypeAlias

import numpy as np
from napari.utils.notifications import show_warning
from numpy.typing import DTypeLike
from PIL import Image

from msm_mil_core.slides.slide import Slide, SlideFacts
from napari_msm_mil.slides.damaged_slide import SalvagedSlide, reopened
from napari_msm_mil.slides.pyramid_levels import LevelPlan, Size, plan_levels
from napari_msm_mil.slides.tile_cache import Key, Pixels, TileCache

TILE_PX = 512
AVERAGED_TILE_PX = 256
"""Of levels that the file lacks: made of as many finer pixels as a tile of the file has."""
CACHE_BYTES = 256 * 2**20
"""Of decoded tiles, for each open slide: some ten screens."""
READERS = 2
"""Threads that read at once: openslide gains no more from a third."""
SAME_SHAPE = 0.01
"""How far the sides of a thumbnail may be from those of the slide."""

AxisIndex: TypeAlias = SupportsIndex | slice
Index: TypeAlias = AxisIndex | EllipsisType
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
        side = _tile_px(self.pyramid.levels[self.index])
        return side, side, 3

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Index | tuple[Index, ...]) -> Pixels:
        row, column, colour = _per_axis(key)
        rows, columns = (_wanted(index, length) for index, length in zip((row, column), self.shape[:2], strict=True))
        return self.pyramid.read(self.index, rows, columns)[_within(row), _within(column), colour]

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
        self._thumbnail = _whole_thumbnail(slide)
        self.levels = plan_levels(slide.level_sizes_px, has_thumbnail=self._thumbnail is not None)
        self._cache = TileCache(CACHE_BYTES)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="slide-reader")
        self._slide: Slide | SalvagedSlide = slide  # damage in the overview is an error, later it is hatched
        width, height = self.levels[-1].size_px
        self.read(len(self.levels) - 1, range(height), range(width))
        self._slide = SalvagedSlide(slide, show_warning)

    def __reduce__(self) -> tuple[Callable[..., "Pyramid"], tuple[SlideFacts]]:
        return _pyramid_again, (self.facts,)

    def read(self, level: int, rows: range, columns: range) -> Pixels:
        """Return these rows and columns of a level, both ascending; any thread may ask, and several read."""
        pieces = list(_pieces(level, rows, columns, _tile_px(self.levels[level])))
        absent = sum(piece.tile not in self._cache for piece in pieces)
        return self._joined(pieces, (len(rows), len(columns)), self._readers.map if absent > 1 else map)

    def _joined(self, pieces: list[_Piece], shape_px: Size, each: Callable[..., Iterator[None]]) -> Pixels:
        pixels = np.empty((*shape_px, 3), np.uint8)

        def place(piece: _Piece) -> None:
            pixels[piece.into] = self._cache.get(piece.tile, partial(self._make, piece.tile))[piece.cut]

        for _ in each(place, pieces):
            pass
        return pixels

    def _make(self, tile: Key) -> Pixels:
        level, row, column = tile
        plan = self.levels[level]
        side = _tile_px(plan)
        left, top = column * side, row * side
        width, height = min(side, plan.size_px[0] - left), min(side, plan.size_px[1] - top)
        if plan.in_file is not None:
            x_px0, y_px0, *_ = _scaled((left, top, left, top), plan.size_px, self.facts.size_px0)
            return self._slide.read((round(x_px0), round(y_px0)), plan.in_file, (width, height))
        return self._reduced(level, (left, top, left + width, top + height), (width, height))

    def _reduced(self, level: int, box: Box, size_px: Size) -> Pixels:
        """Draw a level that the file lacks, from its thumbnail or by averaging the next finer level."""
        plan, finer = self.levels[level], self.levels[level - 1]
        if plan.by_thumbnail and self._thumbnail is not None:
            return _resized(self._thumbnail, _scaled(box, plan.size_px, self._thumbnail.size), size_px)
        left, top, right, bottom = _scaled(box, plan.size_px, finer.size_px)
        x, y = floor(left), floor(top)
        rows, columns = range(y, min(ceil(bottom), finer.size_px[1])), range(x, min(ceil(right), finer.size_px[0]))
        pieces = list(_pieces(level - 1, rows, columns, _tile_px(finer)))
        pixels = self._joined(pieces, (len(rows), len(columns)), map)  # by itself: readers do not wait for readers
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


def _per_axis(key: Index | tuple[Index, ...]) -> tuple[AxisIndex, ...]:
    """Spell a key out: one index for each of the three axes."""
    given = key if isinstance(key, tuple) else (key,)
    spelt = [index for index in given if not isinstance(index, EllipsisType)]
    missing = [slice(None)] * (3 - len(spelt))
    if len(spelt) > 3 or len(given) - len(spelt) > 1:
        raise IndexError(f"a slide has rows, columns and colours; got {key}")
    dots = next((at for at, index in enumerate(given) if isinstance(index, EllipsisType)), len(spelt))
    return (*spelt[:dots], *missing, *spelt[dots:])


def _wanted(index: AxisIndex, length: int) -> range:
    """Return what an index means on an axis, ascending."""
    if isinstance(index, slice):
        wanted = range(length)[index]
        return wanted[::-1] if wanted.step < 0 else wanted
    at = range(length)[operator.index(index)]
    return range(at, at + 1)


def _within(index: AxisIndex) -> int | slice:
    """Return what turns the wanted positions into what the index asks for."""
    if isinstance(index, slice):
        return slice(None, None, -1 if (index.step or 1) < 0 else 1)
    return 0


def _tile_px(plan: LevelPlan) -> int:
    return TILE_PX if plan.in_file is not None else AVERAGED_TILE_PX


def _pieces(level: int, rows: range, columns: range, side: int) -> Iterator[_Piece]:
    """Yield the parts of an area, tile by tile."""
    for (row, row_cut, row_into), (column, column_cut, column_into) in product(_runs(rows, side), _runs(columns, side)):
        yield _Piece((level, row, column), (row_cut, column_cut), (row_into, column_into))


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
