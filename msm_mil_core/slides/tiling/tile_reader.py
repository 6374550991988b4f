"""The pixels of one tile, at the resolution that an encoder needs."""

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from msm_mil_core.slides.slide import Slide
from msm_mil_core.slides.tiling.near_resampling import is_near, resample_near
from msm_mil_core.slides.tiling.read_plan import ReadPlan
from msm_mil_core.slides.tiling.tiles import TileGrid

RESAMPLING = 2
"""Recorded with results and part of the key of cached features; to be raised when tiles change by a grey level."""
_WHOLE = 1e-6
"""Level pixels: an edge this close to a whole pixel lies on it."""


def read_tile(slide: Slide, plan: ReadPlan, xy_px0: tuple[int, int]) -> NDArray[np.uint8]:
    """Read the tile whose top-left corner is at `xy_px0` as (side_px, side_px, 3), from any thread.

    The tile is cut out of the plan's level, reduced in decoding if the plan says so, to a fraction of a pixel. It is
    reduced as pyramids are, by means over whole blocks of pixels; the remaining factor (less than 2) is left to a
    bilinear filter whose support grows with the reduction: Pillow's, or `resample_near` where the factor is near 1. So
    it is antialiased, without overshoot at edges to glass, and fast.
    """
    left, top, right, bottom = plan.box_level_px(xy_px0)
    x, y = floor(left + _WHOLE), floor(top + _WHOLE)
    size_px = (ceil(right - _WHOLE) - x, ceil(bottom - _WHOLE) - y)
    across, down = plan.px0_per_px
    pixels = slide.read((round(x * across), round(y * down)), plan.level, size_px, plan.reduction)
    return _resized(pixels, (left - x, top - y, right - x, bottom - y), plan.side_px)


def _resized(pixels: NDArray[np.uint8], box_px: tuple[float, float, float, float], side_px: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    if (width, height) == (side_px, side_px) and np.allclose(box_px, (0, 0, width, height), atol=_WHOLE):
        return pixels
    box_px = (max(box_px[0], 0), max(box_px[1], 0), min(box_px[2], width), min(box_px[3], height))
    if is_near(box_px[2] - box_px[0], side_px) and is_near(box_px[3] - box_px[1], side_px):
        return resample_near(pixels, box_px, side_px)
    image = Image.fromarray(pixels)
    return np.array(image.resize((side_px, side_px), Image.Resampling.BILINEAR, box=box_px, reducing_gap=1.0))


def tile_picture(slide: Slide, tiles: TileGrid, tile: int, side_px: int, around: float = 1.0) -> NDArray[np.uint8]:
    """Read a tile as (side_px, side_px, 3); the picture is `around` times as wide as the tile.

    Beyond the slide the picture shows its background.

    Raises
    ------
    SlideError
        If the file is damaged or no longer there.
    """
    side_px0 = max(1, round(tiles.side_px0 * around))
    plan = slide.plan_read(side_px0, side_px)
    x, y = tiles.xy_px0[tile] + (tiles.side_px0 - side_px0) // 2
    return read_tile(slide, plan, (int(x), int(y)))
