"""How much tissue each further mask stage adds to what the stages before it have found."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from msm_mil_core.explain.selections.selection import Chosen, top_tiles
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.slides.tiling.tiles import TileGrid

UM2_PER_MM2 = 1e6


@dataclass(frozen=True, slots=True)
class CoverageStep:
    """What the top tiles of one stage add to the top tiles of all stages before it."""

    stage: int
    """Counted from 0."""
    tiles: int
    """How many top tiles the stage has."""
    new_tiles: int
    """How many of them are not top tiles of an earlier stage."""
    area_mm2: float
    """Of `tiles`; NaN if the slide's micrometres per pixel are unknown."""
    new_area_mm2: float
    """Of `new_tiles`; NaN likewise."""
    by_chance_new_tiles: float
    """How many tiles a random claim of as many of the tiles that the stage was shown would add on average."""


def coverage(
    prediction: Prediction, tiles: TileGrid, mpp: float | None, top_percent: float
) -> tuple[CoverageStep, ...]:
    """Return how much tissue the top `top_percent` of each stage add to those of the stages before it.

    Chance is exact, not drawn: of a random claim, as large a share is new as of all that the stage was shown. With
    masks at inference a stage is not shown what earlier ones claimed, so what it adds is largely new by
    construction, and by chance as well.

    Parameters
    ----------
    mpp
        Micrometres per level-0 pixel of the slide, None if unknown.
    """
    tile_mm2 = np.nan if mpp is None else (tiles.side_px0 * mpp) ** 2 / UM2_PER_MM2
    covered, steps = np.zeros(len(tiles), bool), []
    for index, stage in enumerate(prediction.stages):
        top = top_tiles(stage.attention, top_percent)
        count, new = int(top.sum()), int((top & ~covered).sum())
        by_chance = count * _new_share(np.isfinite(stage.attention), covered)
        steps.append(CoverageStep(index, count, new, count * tile_mm2, new * tile_mm2, by_chance))
        covered |= top
    return tuple(steps)


def saturated_from(steps: Sequence[CoverageStep]) -> int | None:
    """Return the stage from which no stage adds a tile; None if the last one does."""
    adding = [step.stage for step in steps if step.new_tiles]
    idle = [step.stage for step in steps if step.stage > max(adding, default=-1)]
    return min(idle, default=None)


def _new_share(shown: Chosen, covered: Chosen) -> float:
    return float((shown & ~covered).sum() / shown.sum()) if shown.any() else 0.0
