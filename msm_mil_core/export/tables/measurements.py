"""The measurements of each tile, under the same names in QuPath and in tables."""

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.display.heatmap import contrast
from msm_mil_core.explain.evidence import evidence_of
from msm_mil_core.explain.tile_values import winner_stage
from msm_mil_core.mil.prediction import Prediction, StageAttention


def measure_tiles(prediction: Prediction) -> dict[str, NDArray[np.float32]]:
    """Return every measurement of the tiles by its name, one value per tile, NaN where it is missing.

    Per stage: attention, its rank over the tiles shown to the stage (0 to 1), and whether the stage claims the tile
    (0 or 1); the number of the stage whose attention to the tile is highest, the earlier one of equals; and where the
    model allows it, what the tile adds to each class's log-odds over all stages.
    """
    measured: dict[str, NDArray[np.float32]] = {}
    for name, stage in zip(prediction.map_names, prediction.stages, strict=True):
        measured |= {f"{name} {what}": values for what, values in _measure_stage(stage).items()}
    measured["Winner map" if prediction.map_classes else "Winner stage"] = winner_stage(prediction)
    if prediction.bias is not None:
        measured |= {f"Evidence {name}": evidence_of(prediction, c) for c, name in enumerate(prediction.classes)}
    return measured


def _measure_stage(stage: StageAttention) -> dict[str, NDArray[np.float32]]:
    return {
        "attention": stage.attention.astype(np.float32),
        "rank": contrast(stage.attention, "rank"),
        "claimed": stage.claimed.astype(np.float32),
    }
