"""The map of each stage as an image: laid out once, then quick enough to follow a slider."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.display.contrast_setting import ContrastSetting
from msm_mil_core.display.heatmap import Contrast, contrast
from msm_mil_core.display.shared_tiles import part_shared
from msm_mil_core.display.tile_raster import lay_raster
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.slides.tiling.tiles import TileGrid

Values = NDArray[np.float32]


class StageImages:
    """Draws the stages of a prediction; the pixels of the tiles, the values and their order are computed once."""

    def __init__(self, tiles: TileGrid, prediction: Prediction) -> None:
        self.raster = lay_raster(tiles)
        self._stages = prediction.stages
        self._values: dict[tuple[int, Contrast, bool], Values] = {}
        self._places: dict[int, NDArray[np.int64]] = {}

    def pixels(self, stage: int, setting: ContrastSetting) -> Values:
        """Return the image of a stage, NaN where there is no tile, it was not shown, or it is below the top."""
        values = self._values_of(stage, setting)
        if setting.top_percent < 100:
            values = np.where(self._top(stage, setting.top_percent), values, np.float32(np.nan))
        return self.raster.draw(values)

    def stripes(self, stages: Iterable[int], top_percent: float) -> Values:
        """Return the image of the tiles that several of these stages have among their top tiles, in stripes.

        Returns
        -------
        (rows, `STRIPES` cols): a stage, counted from 1, and NaN where fewer than two have found the tile.
        """
        tops = {stage: self._top(stage, top_percent) for stage in sorted(stages)}
        return self.raster.draw_parted(part_shared(tops, len(self.raster.row)))

    def limits(self, stage: int, setting: ContrastSetting) -> tuple[float, float]:
        """Return the values at the ends of the colours: those of the stage, or of all; a threshold changes nothing."""
        stages = range(len(self._stages)) if setting.shared else [stage]
        return contrast_limits(np.concatenate([self._values_of(index, setting) for index in stages]))

    def _values_of(self, stage: int, setting: ContrastSetting) -> Values:
        key = (stage, setting.contrast, setting.shared)
        if key not in self._values:
            reference = np.concatenate([one.attention for one in self._stages]) if setting.shared else None
            self._values[key] = contrast(self._stages[stage].attention, setting.contrast, reference)
        return self._values[key]

    def _top(self, stage: int, top_percent: float) -> NDArray[np.bool_]:
        """Mark the top tiles (N,) of a stage."""
        shown = int(np.isfinite(self._stages[stage].attention).sum())
        found: NDArray[np.bool_] = self._places_of(stage) < int(np.ceil(round(shown * top_percent / 100, 9)))
        return found

    def _places_of(self, stage: int) -> NDArray[np.int64]:
        """Return the place of each tile (N,) by attention, 0 for the highest; equals in the order of the tiles."""
        if stage not in self._places:
            order = np.argsort(-self._stages[stage].attention, kind="stable")  # NaN are last
            self._places[stage] = np.empty_like(order)
            self._places[stage][order] = np.arange(len(order))
        return self._places[stage]


def contrast_limits(values: Values) -> tuple[float, float]:
    """Return the range of the finite values, widened where it is empty: napari refuses equal limits."""
    shown = values[np.isfinite(values)]
    if not shown.size:
        return 0.0, 1.0
    low, high = float(shown.min()), float(shown.max())
    if high > low:
        return low, high
    widen = abs(low) / 2 or 0.5
    return low - widen, high + widen
