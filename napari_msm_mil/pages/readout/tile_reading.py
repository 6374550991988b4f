"""What all stages say of the tile under the mouse."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.explain.evidence import evidence_of
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.tiling.tile_finder import TileFinder


@dataclass(frozen=True, slots=True)
class StageReading:
    """One stage's values of one tile."""

    attention: float
    """NaN if the stage was not shown the tile."""
    place: int
    """From 1 for the highest attention; 0 if it was not shown. Ties share the better place."""
    shown: int
    """How many tiles the stage was shown."""
    claimed: bool
    evidence: float
    """What the tile adds through this stage to the log-odds of the chosen class; NaN for models without evidence."""

    @property
    def percentile(self) -> float:
        """Percentage of the tiles shown to the stage whose attention is not higher; NaN if it was not shown."""
        return 100 * (self.shown - self.place + 1) / self.shown if self.place else float("nan")


@dataclass(frozen=True, slots=True)
class TileReading:
    """What all stages say of one tile."""

    tile: int
    """Its number in the result."""
    xy_px0: tuple[int, int]
    """Top-left corner."""
    stages: tuple[StageReading, ...]


class TileReader:
    """Finds the tile at a place of the slide, and what all stages say of it."""

    def __init__(self, result: SlideResult) -> None:
        self._result = result
        self._tiles = TileFinder(result.tiles)
        self._sorted = [_ascending(stage.attention) for stage in result.prediction.stages]
        self._evidence = lru_cache(maxsize=len(result.model.classes))(self._evidence_for)

    def tile_at(self, x_px0: float, y_px0: float) -> int | None:
        """Return the number of the tile that covers a point, of several the nearest; None where there is no tile."""
        return self._tiles.tile_at(x_px0, y_px0)

    def read(self, tile: int, class_index: int) -> TileReading:
        """Read a tile, its evidence for one class."""
        x_px0, y_px0 = self._result.tiles.xy_px0[tile].tolist()
        stages, evidence = range(len(self._sorted)), self._evidence(class_index)
        return TileReading(tile, (x_px0, y_px0), tuple(self._read(tile, stage, evidence) for stage in stages))

    def _evidence_for(self, class_index: int) -> tuple[NDArray[np.float32], ...] | None:
        prediction = self._result.prediction
        if prediction.bias is None:
            return None
        return tuple(evidence_of(prediction, class_index, stage) for stage in range(len(self._sorted)))

    def _read(self, tile: int, index: int, evidence: tuple[NDArray[np.float32], ...] | None) -> StageReading:
        stage, ascending = self._result.prediction.stages[index], self._sorted[index]
        attention = float(stage.attention[tile])
        higher = len(ascending) - int(np.searchsorted(ascending, attention, side="right"))
        return StageReading(
            attention=attention,
            place=0 if np.isnan(attention) else higher + 1,
            shown=len(ascending),
            claimed=bool(stage.claimed[tile]),
            evidence=float("nan") if evidence is None else float(evidence[index][tile]),
        )


def _ascending(attention: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.sort(attention[np.isfinite(attention)])
