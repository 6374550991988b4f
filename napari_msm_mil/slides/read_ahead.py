"""Reads on in the direction in which the view moves, before napari asks for it."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import count, takewhile
from weakref import ref


@dataclass(frozen=True, slots=True)
class Area:
    """Rows and columns of a level, both ascending."""

    level: int
    rows: range
    columns: range


class ReadAhead:
    """Has what lies ahead of a moving view read in other threads, piece by piece.

    A newer view supersedes what has not begun: only what the latest move asked for is still read.
    """

    def __init__(self, readers: Executor, read: Callable[[Area], object], piece_px: int) -> None:
        self._readers, self._read, self._piece_px = readers, read, piece_px
        self._latest: Area | None = None

    def follow(self, view: Area, shape_px: tuple[int, int]) -> None:
        """Note the area that is shown now, of a level with so many rows and columns."""
        before, self._latest = self._latest, view
        for strip in areas_ahead(before, view, shape_px):
            for piece in _pieces(strip, self._piece_px):
                self._readers.submit(_read_if_wanted, ref(self), piece, view)

    def is_latest(self, view: Area) -> bool:
        """Return whether no newer view has been followed."""
        return view is self._latest

    def read(self, piece: Area) -> None:
        """Read a piece, for its tiles to be kept."""
        self._read(piece)


def _read_if_wanted(ahead: "ref[ReadAhead]", piece: Area, asked_by: Area) -> None:
    """Read unless the view has moved on, or the slide has gone: what waits does not hold it open."""
    reader = ahead()
    if reader is not None and reader.is_latest(asked_by):
        reader.read(piece)


def areas_ahead(before: Area | None, now: Area, shape_px: tuple[int, int]) -> Iterator[Area]:
    """Yield what the next move of the same kind would show: nothing after a jump or a change of level."""
    if before is None or before.level != now.level:
        return
    rows = _ahead(before.rows, now.rows, shape_px[0])
    columns = _ahead(before.columns, now.columns, shape_px[1])
    if rows:
        yield Area(now.level, rows, now.columns)
    if columns:
        yield Area(now.level, now.rows, columns)


def _ahead(before: range, now: range, end: int) -> range:
    """Continue a span by as much as it has moved, if both overlap, up to the edges of the level."""
    by = now.start - before.start
    if abs(by) >= len(now) or now.step != 1:
        return range(0)
    if now.stop > before.stop and by > 0:
        return range(now.stop, min(now.stop + by, end))
    if now.start < before.start and now.stop <= before.stop:
        return range(max(0, now.start + by), now.start)
    return range(0)


def _pieces(area: Area, side_px: int) -> Iterator[Area]:
    for rows in _cut(area.rows, side_px):
        for columns in _cut(area.columns, side_px):
            yield Area(area.level, rows, columns)


def _cut(span: range, side_px: int) -> Iterator[range]:
    """Cut a span at the multiples of a side."""
    first = span.start // side_px * side_px
    for start in takewhile(lambda at: at < span.stop, count(first, side_px)):
        yield range(max(start, span.start), min(start + side_px, span.stop))
