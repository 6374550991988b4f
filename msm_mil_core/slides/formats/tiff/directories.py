"""The directories of a TIFF, one a page, followed from one to the next without decoding anything."""

import struct
import sys
from collections.abc import Container, Iterator, Sequence
from os import SEEK_END
from typing import BinaryIO

TIFF_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MOST_PAGES = 4096
"""A chain of pages longer than this is not followed: no slide has so many."""
MOST_ENTRIES = 4096
MOST_TEXT = 2**24
"""A description longer than this is cut: it is damaged, or no one's."""

_TEXT_KIND = 2
_PLACES, _LENGTHS = (273, 324), (279, 325)
"""Where the strips or tiles of a page begin, and the bytes of each."""
_CODES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}


def is_tiff(head: bytes) -> bool:
    """Return whether a file that begins with these bytes is a TIFF."""
    return head[:4] in TIFF_MARKS


class Directories:
    """The page directories of an open TIFF, each of which says where the next is."""

    def __init__(self, opened: BinaryIO, head: bytes) -> None:
        self._opened = opened
        self._order = "<" if head[:2] == b"II" else ">"
        big = b"+" in head[:4]
        self._pointer, self._count, self._entry_bytes = ("Q", "Q", 20) if big else ("I", "H", 12)
        self._size = opened.seek(0, SEEK_END)
        self.at = self._number(head[8 if big else 4 :], self._pointer)
        """Where the directory lies at which the walk has arrived."""

    def walk(self, size: int) -> Iterator[int]:
        """Give the place of each directory before `size`; a loop or too long a chain is damaged, and ends it."""
        met: set[int] = set()
        while len(met) < MOST_PAGES:
            here = self.at
            if not 0 < here < size:
                return
            yield here
            met.add(here)
            self._opened.seek(here)
            entries = self._number(self._opened.read(8), self._count)
            self._opened.seek(min(size, here + struct.calcsize(self._count) + entries * self._entry_bytes))
            self.at = self._number(self._opened.read(8), self._pointer)
            if self.at in met:
                self.at = 0
                return

    def tags(self, wanted: Container[int]) -> dict[int, int]:
        """Return the first value of each wanted tag that the directory has at which the walk is."""
        return {
            tag: self._number(self._values(value, max(1, count) * struct.calcsize(_CODES[kind]), 8), _CODES[kind])
            for tag, kind, count, value in self._entries()
            if tag in wanted and kind in _CODES
        }

    def text(self, wanted: int) -> str:
        """Return the text of a tag of the directory at which the walk is; empty if it has none."""
        for tag, kind, count, value in self._entries():
            if tag == wanted and kind == _TEXT_KIND:
                raw = self._values(value, min(count, MOST_TEXT))
                return raw.split(b"\0")[0].decode("utf-8", "replace")
        return ""

    def end_of_pixels(self) -> int:
        """Return where the last strip or tile of the directory ends; 0 where that is not said."""
        found: dict[int, Sequence[int]] = {}
        for tag, kind, count, value in self._entries():
            if tag in (*_PLACES, *_LENGTHS) and kind in _CODES and count * 2 < self._size:
                raw = self._values(value, count * struct.calcsize(_CODES[kind]))
                whole = len(raw) // struct.calcsize(_CODES[kind])
                found[tag] = struct.unpack_from(f"{self._order}{whole}{_CODES[kind]}", raw)
        kinds = zip(_PLACES, _LENGTHS, strict=True)
        parts = [zip(found.get(place, ()), found.get(length, ()), strict=False) for place, length in kinds]
        return max((at + length for each in parts for at, length in each), default=0)

    def _entries(self) -> Iterator[tuple[int, int, int, bytes]]:
        """Give tag, kind, number of values, and what stands beside the tag, of each entry of the directory."""
        self._opened.seek(self.at)
        entries = min(self._number(self._opened.read(struct.calcsize(self._count)), self._count), MOST_ENTRIES)
        block = self._opened.read(entries * self._entry_bytes)
        count_bytes = struct.calcsize(self._pointer)
        for start in range(0, len(block) - self._entry_bytes + 1, self._entry_bytes):
            entry = block[start : start + self._entry_bytes]
            tag, kind = struct.unpack(f"{self._order}HH", entry[:4])
            yield tag, kind, self._number(entry[4:], self._pointer), entry[4 + count_bytes :]

    def _values(self, beside: bytes, size: int, wanted: int | None = None) -> bytes:
        """Return the bytes of values, or the first of them; they lie elsewhere if more than fit beside the tag."""
        if size <= len(beside):
            return beside[:size]
        self._opened.seek(min(self._number(beside, self._pointer), self._size))
        return self._opened.read(min(size, self._size) if wanted is None else wanted)

    def _number(self, data: bytes, code: str) -> int:
        """Unpack the leading number; beyond the end of a file it is the largest there is."""
        size = struct.calcsize(code)
        return int(struct.unpack(self._order + code, data[:size])[0]) if len(data) >= size else sys.maxsize
