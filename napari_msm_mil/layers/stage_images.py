"""How the values of stages are spread over their colours, quick enough to follow a slider."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.display.heatmap import Contrast, contrast, rasterise
from msm_mil_core.results.slide_result import SlideResult

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Spread:
    """How a stage's values are spread over its colours."""

    contrast: Contrast = "rank"
    shared: bool = False
    """Whether the colours of all stages stand for the same values."""
    top_percent: float = 100
    """How much of the map is shown, from the top."""


class StageMaps:
    """Spreads the values of stages, and remembers what does not change while a slider moves."""

    def __init__(self) -> None:
        self._spread: dict[tuple[SlideResult, int, Contrast, bool], Values] = {}
        self._places: dict[tuple[SlideResult, int], NDArray[np.int64]] = {}

    def forget_all_but(self, results: Collection[SlideResult]) -> None:
        """Forget results that are gone."""
        self._spread = {key: values for key, values in self._spread.items() if key[0] in results}
        self._places = {key: places for key, places in self._places.items() if key[0] in results}

    def pixels(self, result: SlideResult, stage: int, spread: Spread) -> Values:
        """Return the pixels of a stage, NaN where there is no tile, it was not shown, or it is below the top."""
        values = self._values(result, stage, spread)
        if spread.top_percent < 100:
            shown = int(np.isfinite(values).sum())
            top = int(np.ceil(round(shown * spread.top_percent / 100, 9)))
            values = np.where(self._place(result, stage) < top, values, np.float32(np.nan))
        return rasterise(result.tiles, values).values

    def limits(self, result: SlideResult, stage: int, spread: Spread) -> tuple[float, float]:
        """Return the values at the ends of the colours: those of the stage, or of all; a threshold changes nothing."""
        stages = range(len(result.prediction.stages)) if spread.shared else [stage]
        return contrast_limits(np.concatenate([self._values(result, index, spread) for index in stages]))

    def _values(self, result: SlideResult, stage: int, spread: Spread) -> Values:
        key = (result, stage, spread.contrast, spread.shared)
        if key not in self._spread:
            stages = result.prediction.stages
            reference = np.concatenate([one.attention for one in stages]) if spread.shared else None
            self._spread[key] = contrast(stages[stage].attention, spread.contrast, reference)
        return self._spread[key]

    def _place(self, result: SlideResult, stage: int) -> NDArray[np.int64]:
        """Return the place of each tile (N,) by attention, 0 for the highest; equals in the order of the tiles."""
        key = (result, stage)
        if key not in self._places:
            order = np.argsort(-result.prediction.stages[stage].attention, kind="stable")  # NaN are last
            self._places[key] = np.empty_like(order)
            self._places[key][order] = np.arange(len(order))
        return self._places[key]


def contrast_limits(values: NDArray[np.float32]) -> tuple[float, float]:
    """Return the range of the finite values, widened where it is empty: napari refuses equal limits."""
    shown = values[np.isfinite(values)]
    if not shown.size:
        return 0.0, 1.0
    low, high = float(shown.min()), float(shown.max())
    if high > low:
        return low, high
    widen = abs(low) / 2 or 0.5
    return low - widen, high + widen
