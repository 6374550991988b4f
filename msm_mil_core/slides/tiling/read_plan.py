"""Frames of a slide: from level-0 pixels to the level that is read."""

from collections.abc import Sequence
from dataclasses import dataclass

TOLERATED_COARSENING = 0.02
"""A level may be coarser than asked for by this share: real level sizes are rounded, so 2.0005 must pass for 2."""


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """How to read square tiles of one size: from which level, how reduced, and how its pixels lie on level 0."""

    level: int
    """The level to read from."""
    px0_per_px: tuple[float, float]
    """Level-0 pixels per pixel that is read, across and down: exact ratios, mostly not whole."""
    side_px0: int
    """Side of a tile on level 0."""
    side_px: int
    """Side of a tile when it has been resized."""
    reduction: int = 1
    """By how many times the level is reduced in decoding; 1 reads it as it is."""

    def box_level_px(self, xy_px0: tuple[int, int]) -> tuple[float, float, float, float]:
        """Left, top, right and bottom edge, in pixels as they are read, of the tile whose corner is at `xy_px0`."""
        (x, y), (across, down) = xy_px0, self.px0_per_px
        return x / across, y / down, (x + self.side_px0) / across, (y + self.side_px0) / down


def plan_read(
    side_px0: int,
    side_px: int,
    size_px0: tuple[int, int],
    level_sizes_px: Sequence[tuple[int, int]],
    reductions: Sequence[int] = (1,),
) -> ReadPlan:
    """Choose the coarsest level that is at least as fine as tiles of `side_px` from `side_px0` need, so also reduced.

    Where even level 0 is coarser than that, it is level 0, and tiles are enlarged. Of the `reductions` that can be had
    while decoding, it is the largest that leaves pixels at least as fine.
    """
    if side_px0 < 1 or side_px < 1:
        raise ValueError(f"a tile needs a side of at least 1, not {side_px0} px0 and {side_px} px")
    if not level_sizes_px or tuple(level_sizes_px[0]) != tuple(size_px0):
        raise ValueError(f"level 0 has {size_px0} pixels, but the levels are {list(level_sizes_px)}")
    ratios = [level_ratio(size_px0, size_px) for size_px in level_sizes_px]
    enough = side_px0 / side_px * (1 + TOLERATED_COARSENING)
    level = max((n for n, ratio in enumerate(ratios) if max(ratio) <= enough), default=0, key=lambda n: max(ratios[n]))
    reduction = max((n for n in reductions if max(ratios[level]) * n <= enough), default=1)
    across, down = ratios[level]
    return ReadPlan(level, (across * reduction, down * reduction), side_px0, side_px, reduction)


def level_ratio(size_px0: tuple[int, int], size_px: tuple[int, int]) -> tuple[float, float]:
    """Level-0 pixels per pixel of a level, across and down, exactly as the two sizes say."""
    return size_px0[0] / size_px[0], size_px0[1] / size_px[1]
