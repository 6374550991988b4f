"""The tiles to which a stage attends most, neighbours folded into one."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from msm_mil_core.explain.selections.selection import top_tiles
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.options import Options
from msm_mil_core.slides.tiling.tiles import TileGrid


class PickOptions(Options):
    """How many tiles are picked, and when another stage counts as having found one."""

    count: int = Field(default=12, ge=1, le=200)
    """Greatest number of tiles in a gallery."""
    also_percent: float = Field(default=5, gt=0, le=100)
    """A tile is "also" another stage's if it is among the top x % of that stage."""
    fold: bool = True
    """Whether tiles that touch a better one, or look like it, are folded under it."""


@dataclass(frozen=True, slots=True)
class Pick:
    """One tile of a gallery."""

    tile: int
    """Its number in the result."""
    place: int
    """By attention of the stage, 1 for the highest."""
    attention: float
    also: tuple[int, ...]
    """The other stages that have it among their top tiles, counted from 0."""
    folded: tuple[int, ...] = ()
    """Tiles that it represents besides itself."""

    @property
    def only_here(self) -> bool:
        """Whether no other stage has it among its top tiles."""
        return not self.also

    @property
    def found(self) -> str:
        """The stages that have it among their top tiles, as a caption."""
        stages = ", ".join(str(stage + 1) for stage in self.also)
        return "only here" if self.only_here else f"also stage {stages}"

    def standing_for(self, others: tuple[int, ...]) -> "Pick":
        """Return the pick with more tiles folded under it."""
        return replace(self, folded=(*self.folded, *others))


def pick_tiles(prediction: Prediction, tiles: TileGrid, stage: int, options: PickOptions) -> tuple[Pick, ...]:
    """Pick the tiles of highest attention of a stage (counted from 0), best first; none if it was shown nothing.

    With `fold`, a tile that touches a better pick, also at a corner, is folded under it; four times as many
    tiles as requested are considered for that.
    """
    attention = prediction.stages[stage].attention
    shown = int(np.isfinite(attention).sum())
    wanted = min(shown, options.count * (4 if options.fold else 1))
    best = np.argsort(-attention, kind="stable")[:wanted]  # NaN are last
    tops = [top_tiles(other.attention, options.also_percent) for other in prediction.stages]
    heads = _heads(tiles, best) if options.fold else np.arange(len(best))
    picks = [
        Pick(
            tile=int(best[place]),
            place=place + 1,
            attention=float(attention[best[place]]),
            also=tuple(other for other, top in enumerate(tops) if other != stage and top[best[place]]),
            folded=tuple(best[(heads == place) & (np.arange(len(best)) != place)].tolist()),
        )
        for place in np.unique(heads).tolist()
    ]
    return tuple(picks[: options.count])


def _heads(tiles: TileGrid, best: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each candidate the place of the best pick that it touches, or its own: then it is a pick itself."""
    cells = tiles.xy_px0[best] // tiles.side_px0
    heads = np.full(len(best), -1)
    for place in range(len(best)):
        if heads[place] < 0:
            touching = np.abs(cells - cells[place]).max(axis=1) <= 1
            heads[touching & (heads < 0)] = place
    return heads
