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
    """The level of the file that it is read from; None if it is averaged from the level before it."""
    reduction: int = 1
    """By how many times decoding makes it coarser than the level of the file."""
    by_thumbnail: bool = False
    """Whether it is drawn from the file's thumbnail instead."""


def plan_levels(
    level_sizes_px: Sequence[Size], *, has_thumbnail: bool = False, reductions: Sequence[int] = (1,)
) -> tuple[LevelPlan, ...]:
    """Return the levels, finest first, each smaller than the one before, until the whole slide fits a texture.

    Where the file goes from one level to the next by more than a factor of two, levels of half the size are added in
    between, so that no view has to read and upload many times the pixels that the screen shows. Those by which decoding
    can reduce a level of the file are read from it, the others averaged.
    """
    plan: list[LevelPlan] = []
    for number, size_px in enumerate(level_sizes_px):
        if not plan:
            plan.append(LevelPlan(size_px, in_file=number))
        elif _smaller(size_px, plan[-1].size_px):
            plan += _between(plan[-1], NEAR_ENOUGH * max(size_px), reductions)
            plan.append(LevelPlan(size_px, in_file=number))
    coarsest_px = plan[-1].size_px
    for level in _between(plan[-1], OVERVIEW_PX / 2, reductions):
        far = max(coarsest_px) >= BY_THUMBNAIL * max(level.size_px)
        plan.append(LevelPlan(level.size_px, by_thumbnail=True) if far and has_thumbnail else level)
    return tuple(plan)


def _between(finer: LevelPlan, above_px: float, reductions: Sequence[int]) -> list[LevelPlan]:
    """Plan halves, quarters … of a level of the file."""
    planned, (width, height) = [], finer.size_px
    for power, half in enumerate(_halves(finer.size_px, above_px), start=1):
        reduction = 2**power
        if reduction in reductions:
            planned.append(LevelPlan((-(-width // reduction), -(-height // reduction)), finer.in_file, reduction))
        else:
            planned.append(LevelPlan(half))
    return planned


def _smaller(size_px: Size, before_px: Size) -> bool:
    return size_px != before_px and all(now <= before for now, before in zip(size_px, before_px, strict=True))


def _halves(size_px: Size, above_px: float) -> Iterator[Size]:
    """Yield half the size, a quarter … as long as the longer side stays above a limit."""
    while max(size_px) > 2 * above_px:
        size_px = (max(1, round(size_px[0] / 2)), max(1, round(size_px[1] / 2)))
        yield size_px
