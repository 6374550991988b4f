"""Reading tiles, beside the raw decoding of the same tiles, beside openslide as it was used before, and beside peers.

All on one thread. The raw decoder has the compressed tiles in memory, and decodes each that the reads touch once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from openslide import OpenSlide, OpenSlideCache
from PIL import Image
from simplejpeg import decode_jpeg

from examples.benchmarks.speed.comparison import Comparison, Work, compare
from examples.benchmarks.speed.inputs.tissue_slide import TILE_PX, TissueSlide, write_tissue_slide
from msm_mil_core.slides.decoded_tiles import DecodedTiles
from msm_mil_core.slides.slide import DECODED_BYTES, open_slide
from msm_mil_core.slides.tiling.tile_reader import read_tile

MPP = 0.2527
"""Of a scanner of 40x: no tile size fits it exactly."""
RESAMPLED = (
    "221.5 pixels of the level become 224: the decoder cannot resample by so little. What takes the other half of the "
    "time is a bilinear filter in whole numbers of 16 bits. Nothing is resampled where the level fits."
)
RAW, RAW_BAR = "raw JPEG decode (simplejpeg)", 2.0
BEFORE_BAR = 0.2


@dataclass(frozen=True, slots=True)
class Reads:
    """Square tiles, laid over a whole slide."""

    name: str
    side_px0: int
    side_px: int
    from_px0: int = 0
    """Where the first begins, across and down."""

    def corners(self, slide: TissueSlide) -> list[tuple[int, int]]:
        """Return the corners of those that lie in a slide, row by row."""
        starts = range(self.from_px0, slide.side_px0 - self.side_px0 + 1, self.side_px0)
        return [(x, y) for y in starts for x in starts]


ALIGNED = Reads("aligned tiles of 256 px", TILE_PX, TILE_PX)
UNALIGNED = Reads("unaligned tiles of 224 px", 224, 224, 37)
DOUBLE = Reads("448 to 224 px, no 2x level", 448, 224)
ONE_MPP = Reads("1.0 mpp, 886 to 224 px", 886, 224)


def measure(short: bool) -> Iterator[Comparison]:
    """Yield the comparisons; see the module."""
    side_tiles = 12 if short else 28
    with TemporaryDirectory() as folder:
        coarse = write_tissue_slide(Path(folder) / "levels.tif", side_tiles, (1, 4), MPP)
        single = write_tissue_slide(Path(folder) / "single.tif", side_tiles, (1,), MPP)
        yield _beside_raw(ALIGNED, coarse, 0)
        yield _beside_raw(UNALIGNED, coarse, 0)
        yield _beside_raw(DOUBLE, coarse, 0)
        yield _beside_raw(ONE_MPP, coarse, 1, " from the 4x level", RESAMPLED)
        yield _beside_raw(ONE_MPP, single, 0, " from 40x alone")
        yield _beside_before(DOUBLE, coarse)
        yield _beside_before(ONE_MPP, single, " from 40x alone")
        yield from _beside_peers(coarse)
        yield _opening(coarse)


def _beside_raw(reads: Reads, slide: TissueSlide, level: int, where: str = "", note: str = "") -> Comparison:
    reference = (RAW, lambda: [decode_jpeg(tile) for tile in slide.tiles[level]])
    return compare(f"{reads.name}{where}", ("open_slide", _ours(reads, slide)), reference, at_most=RAW_BAR, note=note)


def _beside_before(reads: Reads, slide: TissueSlide, where: str = "") -> Comparison:
    before = ("openslide, then Pillow", _before(reads, slide))
    return compare(f"{reads.name}{where}, as before", ("open_slide", _ours(reads, slide)), before, at_most=BEFORE_BAR)


def _beside_peers(slide: TissueSlide) -> Iterator[Comparison]:
    for reads in (ALIGNED, UNALIGNED):
        for peer, read in _peers().items():
            other = (peer, _by_peer(read, reads, slide))
            yield compare(f"{reads.name}, {peer}", ("open_slide", _ours(reads, slide)), other)


def _opening(slide: TissueSlide) -> Comparison:
    def ours() -> None:
        open_slide(slide.path).close()

    def openslide() -> None:
        open_slide(slide.path, reader="openslide").close()

    note = "Shown without a bar: what finding the tiles and checking a few of each level costs once a slide."
    return compare("opening", ("auto", ours), ("reader openslide", openslide), note=note)


def _ours(reads: Reads, slide: TissueSlide) -> Work:
    tiles = DecodedTiles(DECODED_BYTES)
    opened, corners = open_slide(slide.path, tiles=tiles), reads.corners(slide)
    if opened.facts.reader != "direct-scaled":
        raise RuntimeError(f"the slide of the benchmark is read by {opened.facts.reader}")
    plan = opened.plan_read(reads.side_px0, reads.side_px)

    def work() -> None:
        tiles.clear()
        for corner in corners:
            read_tile(opened, plan, corner)

    return work


def _before(reads: Reads, slide: TissueSlide) -> Work:
    """Return what reading was before tiles were decoded directly: level 0 by openslide, reduced by Pillow."""
    corners, side_px0, size = reads.corners(slide), reads.side_px0, (reads.side_px, reads.side_px)

    def work() -> None:
        handle = OpenSlide(slide.path)
        handle.set_cache(OpenSlideCache(64 * 2**20))
        for corner in corners:
            image = handle.read_region(corner, 0, (side_px0, side_px0))
            opaque = image.getchannel("A").getextrema() == (255, 255)
            pixels = np.array(image.convert("RGB")) if opaque else None
            np.array(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=1.0))

    return work


Read = Callable[[int, int, int], object]
"""Reads a square by its corner and side, level 0."""


def _peers() -> dict[str, Callable[[Path], Read]]:
    peers = {"openslide": _openslide, "tiffslide": _tiffslide, "cucim": _cucim}
    return {name: peer for name, peer in peers.items() if find_spec(name)}


def _by_peer(peer: Callable[[Path], Read], reads: Reads, slide: TissueSlide) -> Work:
    corners = reads.corners(slide)

    def work() -> None:
        read = peer(slide.path)
        for x, y in corners:
            read(x, y, reads.side_px0)

    return work


def _openslide(path: Path) -> Read:
    slide = OpenSlide(path)
    return lambda x, y, side: np.asarray(slide.read_region((x, y), 0, (side, side)).convert("RGB"))


def _tiffslide(path: Path) -> Read:
    from tiffslide import TiffSlide

    slide = TiffSlide(path)
    return lambda x, y, side: slide.read_region((x, y), 0, (side, side), as_array=True)


def _cucim(path: Path) -> Read:
    from cucim.clara import CuImage

    CuImage.cache("per_process", memory_capacity=DECODED_BYTES // 2**20)
    slide = CuImage(str(path))
    return lambda x, y, side: np.asarray(slide.read_region((x, y), (side, side), 0, num_workers=1))
