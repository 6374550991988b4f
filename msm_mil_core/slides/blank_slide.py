"""A white slide where there is none: features alone have places and a scale, on which maps can lie."""

from dataclasses import dataclass

import numpy as np

from msm_mil_core.slides.decoded_tiles import Pixels
from msm_mil_core.slides.formats.opened_image import LevelSizes
from msm_mil_core.slides.slide import NO_SLIDE, Slide, SlideFacts

WHITE = (255, 255, 255)
COARSER = 4
"""By how much each level is coarser than the one before."""
SMALLEST_PX = 1024
"""Longer side of a level below which none is added."""


@dataclass(frozen=True, slots=True)
class BlankReader:
    """Reads white."""

    name: str = NO_SLIDE
    reductions: tuple[int, ...] = (1,)
    keeps_tiles: bool = True

    def read(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int], reduction: int = 1) -> Pixels:  # noqa: ARG002 - white everywhere
        """Return white pixels (height, width, 3)."""
        width, height = size_px
        return np.full((height, width, 3), WHITE[0], np.uint8)


def blank_slide(facts: SlideFacts) -> Slide:
    """Return a slide of these facts that is white everywhere.

    Raises
    ------
    ValueError
        If the facts are of a slide that there is.
    """
    if facts.has_slide:
        raise ValueError(f"{facts.name} is a slide, not blank")
    sizes_px = _levels(facts.size_px0)
    return Slide(
        facts=facts,
        level_sizes_px=sizes_px,
        vendor=NO_SLIDE,
        properties={},
        background_rgb=WHITE,
        associated_names=(),
        mpp_remark="",
        remark="",
        reductions=(1,),
        _profile=b"",
        _open=[(LevelSizes(sizes_px), BlankReader())],
    )


def _levels(size_px0: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    levels = [size_px0]
    while max(levels[-1]) > SMALLEST_PX:
        width, height = (max(1, round(side / COARSER)) for side in levels[-1])
        levels.append((width, height))
    return tuple(levels)
