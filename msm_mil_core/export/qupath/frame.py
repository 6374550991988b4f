"""QuPath's frame of reference, and where tiles lie in it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.export.qupath.origin_rule import OriginRule
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiling.tile_overlap import clear_sides, lie_on_grid
from msm_mil_core.slides.tiling.tiles import TileGrid


@dataclass(frozen=True, slots=True)
class QuPathFrame:
    """The image as QuPath opened it: its corner on level 0 and its size."""

    rule: OriginRule
    origin_px0: tuple[int, int]
    """What is subtracted from level-0 coordinates."""
    size_px: tuple[int, int]
    """Width and height of the image in QuPath."""


@dataclass(frozen=True, slots=True, eq=False)
class PlacedTiles:
    """The tiles that QuPath's image shows, cut at its edges."""

    index: NDArray[np.int64]
    """(n,), which of the tiles these are."""
    box_px: NDArray[np.int64]
    """(n, 4), left, top, right, bottom in QuPath's pixels, never empty."""
    clipped: int
    """How many of them are cut by an edge."""
    dropped: int
    """How many tiles lie entirely outside, or where another does."""


def qupath_frame(facts: SlideFacts, rule: OriginRule, custom_origin_px0: tuple[int, int] | None = None) -> QuPathFrame:
    """Return QuPath's frame: "auto" as it crops to openslide's bounds, "none" uncropped, "custom" as given."""
    if rule == "auto":
        return QuPathFrame(rule, facts.origin_px0, facts.extent_px0)
    x, y = custom_origin_px0 or (0, 0)
    width, height = facts.size_px0
    return QuPathFrame(rule, (x, y), (width - x, height - y))


def place_tiles(tiles: TileGrid, frame: QuPathFrame) -> PlacedTiles:
    """Shift tiles into QuPath's frame, cut those that cross its edge and drop those outside.

    Of tiles that overlap, each keeps the square in its middle that meets no other: QuPath's must not overlap. Of those
    in one place the first is placed, and the others are dropped.
    """
    first = _first_in_each_place(tiles)
    corner = tiles.xy_px0[first] - np.array(frame.origin_px0)
    margin = (tiles.side_px0 - clear_sides(replace(tiles, xy_px0=tiles.xy_px0[first]))[:, None]) / 2
    start, end = np.ceil(corner + margin), np.floor(corner + tiles.side_px0 - margin)
    whole = np.concatenate([start, end], axis=1).astype(np.int64)
    box_px = np.clip(whole, 0, np.array(frame.size_px * 2))
    kept = (box_px[:, 2] > box_px[:, 0]) & (box_px[:, 3] > box_px[:, 1])
    cut = (box_px != whole).any(axis=1)
    return PlacedTiles(first[kept], box_px[kept], int((cut & kept).sum()), len(tiles) - int(kept.sum()))


def _first_in_each_place(tiles: TileGrid) -> NDArray[np.int64]:
    if lie_on_grid(tiles):
        return np.arange(len(tiles))
    _, first = np.unique(tiles.xy_px0, axis=0, return_index=True)
    return np.sort(first).astype(np.int64)
