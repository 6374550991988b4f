"""The pages of a TIFF, as far as they say what openslide will show of it; read without decoding anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from msm_mil_core.slides.formats.tiff.directories import Directories, is_tiff

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 258, 259, 262
_ORIENTATION, _SAMPLES, _TILE_WIDTH, _SUB_PAGES, _EXTRA, _NUMBERS = 274, 277, 322, 330, 338, 339
_WANTED = {
    _SUBFILE: 0, _WIDTH: 0, _HEIGHT: 0, _BITS: 1, _COMPRESSION: 1, _PHOTOMETRIC: 2, _ORIENTATION: 1, _SAMPLES: 1,
    _TILE_WIDTH: 0, _SUB_PAGES: 0, _EXTRA: -1, _NUMBERS: 1,
}  # fmt: skip
"""Tags that are read, with the values they have where a page leaves them out."""
_DESCRIPTION = 270
_REDUCED, _MASK = 1, 4
_GREY = (0, 1)
_UPRIGHT = 1


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
    photometric: int = 2
    """What its values stand for: 0 and 1 shades of grey, 2 RGB, 6 YCbCr."""
    numbers: int = 1
    """Of which kind its values are: 1 whole numbers, 2 with a sign, 3 with a fraction."""
    extra: int = -1
    """What the value after the colours is: 1 and 2 opacity, 0 not said; -1 where there is none."""
    orientation: int = _UPRIGHT
    """How it is turned and mirrored; 1 if it is not."""
    tiled: bool = False
    """Whether it is stored in tiles, not in strips."""

    @property
    def is_upright(self) -> bool:
        """Whether its first row is the top, and its first column the left side; what is no orientation says nothing."""
        return not 1 < self.orientation <= 8

    @property
    def area_px(self) -> int:
        """How many pixels it has."""
        return self.size_px[0] * self.size_px[1]


def read_pages(file: Path) -> tuple[TiffPage, ...]:
    """Return the pages of a TIFF in their order, as far as they can be read; none of what is no TIFF."""
    with file.open("rb") as opened:
        head = opened.read(16)
        if not is_tiff(head):
            return ()
        chain = Directories(opened, head)
        return tuple(_page(chain.tags(_WANTED)) for _ in chain.walk(file.stat().st_size))


def read_description(file: Path) -> str:
    """Return what the first page of a TIFF says of itself, OME-XML among others; empty if nothing, or no TIFF."""
    with file.open("rb") as opened:
        head = opened.read(16)
        chain = Directories(opened, head) if is_tiff(head) else None
        for _ in chain.walk(file.stat().st_size) if chain else ():
            return chain.text(_DESCRIPTION) if chain else ""
    return ""


def largest_page(pages: Sequence[TiffPage]) -> int:
    """Return which page has most pixels, the first of equals, masks and smaller copies left out; 0 if there is none."""
    whole = [number for number, page in enumerate(pages) if not page.reduced]
    return max(whole, key=lambda number: pages[number].area_px, default=0)


def missing_bytes(file: Path) -> int:
    """Return how many bytes of its pixels lie beyond the end of a TIFF: it was cut off; 0 if none, or no TIFF."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        head = opened.read(16)
        if not is_tiff(head):
            return 0
        chain = Directories(opened, head)
        ends = [chain.end_of_pixels() for _ in chain.walk(size)]
    return max(0, max(ends, default=0) - size)


def is_cut_off(opened: BinaryIO, head: bytes, size: int) -> bool:
    """Follow the chain of a TIFF's pages, and return whether it leads beyond the end of the file."""
    chain = Directories(opened, head)
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


def remark_of(pages: Sequence[TiffPage], shown: int = 0) -> str:
    """Say which image of several is shown, to follow the name of the file; empty if there is one."""
    whole = [number for number, page in enumerate(pages) if not page.reduced]
    return remark_of_images(len(whole), pages[shown].size_px, first=shown == whole[0]) if whole else ""


def remark_of_images(images: int, shown_px: tuple[int, int], *, first: bool = True) -> str:
    """Say the same of a number of images, of which one of this width and height is shown: the first or the largest."""
    if images < 2:
        return ""
    which = "first" if first else "largest"
    return f"holds {images} images (series); the {which} is shown and used, {shown_px[0]} x {shown_px[1]} pixels."


def _page(tags: dict[int, int]) -> TiffPage:
    stated = {tag: tags.get(tag, default) for tag, default in _WANTED.items()}
    return TiffPage(
        size_px=(stated[_WIDTH], stated[_HEIGHT]),
        samples=stated[_SAMPLES],
        grey=stated[_PHOTOMETRIC] in _GREY,
        reduced=bool(stated[_SUBFILE] & (_REDUCED | _MASK)),
        bits=stated[_BITS],
        has_levels=stated[_SUB_PAGES] > 0,
        photometric=stated[_PHOTOMETRIC],
        numbers=stated[_NUMBERS],
        extra=stated[_EXTRA],
        orientation=stated[_ORIENTATION],
        tiled=stated[_TILE_WIDTH] > 0,
    )
