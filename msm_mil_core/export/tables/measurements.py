"""What is said of each tile, under the same names in QuPath and in tables."""

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.display.heatmap import contrast
from msm_mil_core.display.stage_style import stage_name
from msm_mil_core.explain.tile_values import winner_stage
from msm_mil_core.mil.prediction import Prediction, StageAttention


def measure_tiles(prediction: Prediction) -> dict[str, NDArray[np.float32]]:
    """Return every measurement of the tiles by its name, one value per tile, NaN where it is missing.

    Per stage: attention, its rank over the tiles shown to the stage (0 to 1), and whether the stage claims the tile
    (0 or 1); the number of the stage whose attention to the tile is highest, the earlier one of equals; and where the
    model allows it, what the tile adds to each class's logit over all stages.
    """
    measured: dict[str, NDArray[np.float32]] = {}
    for index, stage in enumerate(prediction.stages):
        measured |= {f"{stage_name(index)} {what}": values for what, values in _measure_stage(stage).items()}
    return measured | {"Winner stage": winner_stage(prediction)} | _evidence(prediction)


def _measure_stage(stage: StageAttention) -> dict[str, NDArray[np.float32]]:
    return {
        "attention": stage.attention.astype(np.float32),
        "rank": contrast(stage.attention, "rank"),
        "claimed": stage.claimed.astype(np.float32),
    }


def _evidence(prediction: Prediction) -> dict[str, NDArray[np.float32]]:
    parts = [stage.evidence for stage in prediction.stages if stage.evidence is not None]
    if not parts:
        return {}
    total = np.nan_to_num(np.stack(parts)).sum(axis=0)  # (N, C); a hidden tile adds nothing
    return {f"Evidence {name}": total[:, c] for c, name in enumerate(prediction.classes)}
