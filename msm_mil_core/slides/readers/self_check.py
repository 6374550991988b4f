"""Whether tiles decoded directly are the pixels that openslide or tifffile shows: a few of each level are compared."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.slides.readers.direct_reader import DirectReader
from msm_mil_core.slides.readers.tiled_level import TiledLevel

SIDE_PX = 64
"""Side of what is compared of a tile: openslide takes longer to compose pixels than to decode them."""
BLENDED_FROM = 1 / 256
"""Fraction of a level's pixel from which on openslide blends neighbours; closer positions it takes as exact."""


def find_difference(direct: DirectReader) -> str:
    """Say where the pixels of a slide differ from its other reader's, to follow "since"; empty if no sample does.

    Of each level these are compared: its most detailed tile, its median one, its last, and one without data.

    Raises
    ------
    ReadError
        If the other reader cannot read a sampled tile; its handle is of no more use then.
    """
    for level, tiled in enumerate(direct.levels):
        for xy_px, size_px in _samples(tiled, direct.reference.downsamples[level]):
            ours, theirs = direct.read(level, xy_px, size_px), direct.reference.read(level, xy_px, size_px)
            if not np.array_equal(ours, theirs):
                most = int(np.abs(ours.astype(int) - theirs).max())
                by = f"{direct.reference.name}'s pixels by up to {most} grey levels"
                return f"level {level} at {xy_px} differs from {by}"
    return ""


def _samples(tiled: TiledLevel, downsample: float) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield corner and size of what is compared, each within one tile, and where openslide need not blend."""
    size_px = tuple(min(SIDE_PX, *sides) for sides in zip(tiled.size_px, tiled.tile_px, strict=True))
    lefts, tops = (
        exact_starts(length, tile, side, downsample)
        for length, tile, side in zip(tiled.size_px, tiled.tile_px, size_px, strict=True)
    )
    counts = tiled.counts[np.ix_(list(tops), list(lefts))].ravel()
    rows, cols = (list(starts.values()) for starts in (tops, lefts))
    for place in _telling(counts):
        yield (cols[place % len(cols)], rows[place // len(cols)]), (size_px[0], size_px[1])


def exact_starts(length_px: int, tile_px: int, side_px: int, downsample: float) -> dict[int, int]:
    """Return, for each tile along an axis that has one, where a sample can start."""
    starts = np.arange(length_px - side_px + 1)
    off = np.abs(np.rint(starts * downsample) / downsample - starts)
    starts = starts[(off < BLENDED_FROM * 0.9) & (starts % tile_px + side_px <= tile_px)]
    tiles, first = np.unique(starts // tile_px, return_index=True)
    return dict(zip(tiles.tolist(), starts[first].tolist(), strict=True))


def _telling(counts: NDArray[np.uint64]) -> list[int]:
    """Choose among tiles by their compressed bytes: the fullest, the median, the last, one without data if any."""
    by_size = np.argsort(counts, kind="stable")
    empty = int(np.count_nonzero(counts == 0))
    full = by_size[empty:]
    chosen = [*full[-1:], *full[len(full) // 2 : len(full) // 2 + 1], len(counts) - 1, *by_size[: min(1, empty)]]
    return list(dict.fromkeys(int(place) for place in chosen))
