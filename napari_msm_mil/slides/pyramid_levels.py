"""Which levels napari is given: those in the file, and those that it lacks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Size: TypeAlias = tuple[int, int]
"""Width and height."""

OVERVIEW_PX = 1024
"""Longest side of the coarsest level, which napari reads for the layer's thumbnail and holds as one texture."""
BY_THUMBNAIL = 16
"""From this reduction of the file's coarsest level on, the file's thumbnail serves if there is one: a tile would else
cost 64 Mpx of reading."""
NEAR_ENOUGH = 1.4
"""A halved level is left out where the file has one that is smaller by no more than this."""


@dataclass(frozen=True, slots=True)
class LevelPlan:
    """How big a level is, and what its pixels are made of."""

    size_px: Size
    in_file: int | None = None
    """The level of the file that it is; None if it is averaged from the level before it."""
    by_thumbnail: bool = False
    """Whether it is drawn from the file's thumbnail instead."""


def plan_levels(level_sizes_px: Sequence[Size], *, has_thumbnail: bool = False) -> tuple[LevelPlan, ...]:
    """Return the levels, finest first, each smaller than the one before, until the whole slide fits a texture.

    Where the file goes from one level to the next by more than a factor of two, levels of half the size are added in
    between, so that no view has to read and upload many times the pixels that the screen shows.
    """
    plan: list[LevelPlan] = []
    for number, size_px in enumerate(level_sizes_px):
        if not plan:
            plan.append(LevelPlan(size_px, in_file=number))
        elif _smaller(size_px, plan[-1].size_px):
            plan += [LevelPlan(half) for half in _halves(plan[-1].size_px, NEAR_ENOUGH * max(size_px))]
            plan.append(LevelPlan(size_px, in_file=number))
    coarsest_px = plan[-1].size_px
    for half in _halves(coarsest_px, OVERVIEW_PX / 2):
        far = max(coarsest_px) >= BY_THUMBNAIL * max(half)
        plan.append(LevelPlan(half, by_thumbnail=far and has_thumbnail))
    return tuple(plan)


def _smaller(size_px: Size, before_px: Size) -> bool:
    return size_px != before_px and all(now <= before for now, before in zip(size_px, before_px, strict=True))


def _halves(size_px: Size, above_px: float) -> Iterator[Size]:
    """Yield half the size, a quarter … as long as the longer side stays above a limit."""
    while max(size_px) > 2 * above_px:
        size_px = (max(1, round(size_px[0] / 2)), max(1, round(size_px[1] / 2)))
        yield size_px
