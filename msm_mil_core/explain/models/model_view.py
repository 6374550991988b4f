"""What one model made of a slide, ready to stand beside another's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.explain.tile_values import fused_attention
from msm_mil_core.mil.map_names import in_sentence
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.slides.tiling.tiles import TileGrid


@dataclass(frozen=True, slots=True, eq=False)
class ModelView:
    """One run of one slide."""

    name: str
    """What people call it: its model, and what else tells it from the others."""
    prediction: Prediction
    tiles: TileGrid

    def attention_for(self, class_name: str) -> NDArray[np.float32]:
        """Return where the model looks, tile by tile (N,): all stages by their weight, or the class's own map."""
        if class_name in self.prediction.map_classes:
            stage = self.prediction.stages[self.prediction.map_classes.index(class_name)]
            return stage.attention
        shown = np.logical_or.reduce([np.isfinite(stage.attention) for stage in self.prediction.stages])
        fused: NDArray[np.float32] = np.where(shown, fused_attention(self.prediction), np.float32(np.nan))
        return fused

    def looked_at(self, class_name: str) -> str:
        """Return whose attention that is, in words."""
        if class_name in self.prediction.map_classes:
            return in_sentence(self.prediction.map_names[self.prediction.map_classes.index(class_name)])
        if self.prediction.map_classes:
            return "the maps of all classes"
        return "all stages by their weight" if len(self.prediction.stages) > 1 else "its attention"


def told_apart(names: list[str], files: list[str]) -> list[str]:
    """Return names that differ: where two models have one name, each with its file, or with its number."""
    named = [f"{name} ({file})" if names.count(name) > 1 else name for name, file in zip(names, files, strict=True)]
    return [f"{name}, {at}" if named.count(name) > 1 else name for at, name in enumerate(named, start=1)]
