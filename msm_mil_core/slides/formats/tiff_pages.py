"""The pages of a TIFF, as far as they say what openslide will show of it; read without decoding anything."""

import struct
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

TIFF_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MOST_PAGES = 4096
"""A chain of pages longer than this is not followed: no slide has so many."""
MOST_ENTRIES = 4096

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _SAMPLES, _SUB_PAGES = 254, 256, 257, 258, 262, 277, 330
_WANTED = {_SUBFILE: 0, _WIDTH: 0, _HEIGHT: 0, _BITS: 1, _PHOTOMETRIC: 2, _SAMPLES: 1, _SUB_PAGES: 0}
"""Tags that are read, with the values they have where a page leaves them out."""
_CODES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_REDUCED, _MASK = 1, 4
_GREY = (0, 1)


@dataclass(frozen=True, slots=True)
class TiffPage:
    """One page of the chain of a TIFF."""

    size_px: tuple[int, int]
    samples: int
    """Values per pixel: 3 for RGB."""
    grey: bool
    """Whether it says that its values are shades of grey, whatever their number."""
    reduced: bool
    """Whether it is a smaller copy of another page, or a mask."""
    bits: int = 8
    """Of a value."""
    has_levels: bool = False
    """Whether smaller copies of it hang below it (SubIFDs), where openslide does not look."""


def is_tiff(head: bytes) -> bool:
    """Return whether a file that begins with these bytes is a TIFF."""
    return head[:4] in TIFF_MARKS


def read_pages(file: Path) -> tuple[TiffPage, ...]:
    """Return the pages of a TIFF in their order, as far as they can be read; none of what is no TIFF."""
    with file.open("rb") as opened:
        head = opened.read(16)
        if not is_tiff(head):
            return ()
        chain = _Chain(opened, head)
        return tuple(_page(chain.tags()) for _ in chain.walk(file.stat().st_size))


def is_cut_off(opened: BinaryIO, head: bytes, size: int) -> bool:
    """Follow the chain of a TIFF's pages, and return whether it leads beyond the end of the file."""
    chain = _Chain(opened, head)
    for _ in chain.walk(size):
        pass
    return chain.at >= size


def flaw_of(pages: Sequence[TiffPage]) -> str:
    """Say why openslide would show a TIFF in grey that is not; empty if it would not."""
    if not pages:
        return ""
    first = pages[0]
    alike = sum(page.size_px == first.size_px and page.samples == 1 and not page.reduced for page in pages)
    if first.samples == 1 and alike > 1:
        return f"stores its channels in {alike} separate pages"
    if first.samples > 2 and first.grey:
        return f"stores {first.samples} channels without saying that they are red, green and blue"
    return ""


def remark_of(pages: Sequence[TiffPage]) -> str:
    """Say which image of several is shown, to follow the name of the file; empty if there is one."""
    whole = [page for page in pages if not page.reduced]
    return remark_of_images(len(whole), whole[0].size_px) if whole else ""


def remark_of_images(images: int, first_px: tuple[int, int]) -> str:
    """Say the same of a number of images, the first of which has this width and height."""
    if images < 2:
        return ""
    return f"holds {images} images (series); the first is shown and used, {first_px[0]} x {first_px[1]} pixels."


class _Chain:
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
        for _ in range(MOST_PAGES):
            here = self.at
            if not 0 < here < size:
                return
            yield here
            self._opened.seek(here)
            entries = self._number(self._opened.read(8), self._count)
            self._opened.seek(min(size, here + struct.calcsize(self._count) + entries * self._entry_bytes))
            self.at = self._number(self._opened.read(8), self._pointer)
            if 0 < self.at <= here:
                self.at = 0
                return

    def tags(self) -> dict[int, int]:
        """Return the values of the wanted tags of the directory at which the walk is."""
        self._opened.seek(self.at)
        entries = min(self._number(self._opened.read(struct.calcsize(self._count)), self._count), MOST_ENTRIES)
        block = self._opened.read(entries * self._entry_bytes)
        starts = range(0, len(block) - self._entry_bytes + 1, self._entry_bytes)
        return dict(self._entry(block[start : start + self._entry_bytes]) for start in starts)

    def _entry(self, entry: bytes) -> tuple[int, int]:
        """Return a tag and its first value, which lies elsewhere if there are more than fit beside the tag."""
        tag, kind = struct.unpack(f"{self._order}HH", entry[:4])
        if kind not in _CODES:
            return tag, 0
        count_bytes, code = struct.calcsize(self._pointer), _CODES[kind]
        value, count = entry[4 + count_bytes :], self._number(entry[4 : 4 + count_bytes], self._pointer)
        if tag not in _WANTED or count * struct.calcsize(code) <= count_bytes:
            return tag, self._number(value, code)
        self._opened.seek(min(self._number(value, self._pointer), self._size))
        return tag, self._number(self._opened.read(8), code)

    def _number(self, data: bytes, code: str) -> int:
        """Unpack the leading number; beyond the end of a file it is the largest there is."""
        size = struct.calcsize(code)
        return int(struct.unpack(self._order + code, data[:size])[0]) if len(data) >= size else sys.maxsize


def _page(tags: dict[int, int]) -> TiffPage:
    stated = {tag: tags.get(tag, default) for tag, default in _WANTED.items()}
    return TiffPage(
        size_px=(stated[_WIDTH], stated[_HEIGHT]),
        samples=stated[_SAMPLES],
        grey=stated[_PHOTOMETRIC] in _GREY,
        reduced=bool(stated[_SUBFILE] & (_REDUCED | _MASK)),
        bits=stated[_BITS],
        has_levels=stated[_SUB_PAGES] > 0,
    )
