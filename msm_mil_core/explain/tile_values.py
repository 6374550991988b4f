"""One value per tile, made from several stages: their attention as one, who found it, who attends to it most."""

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.explain.chance.ranks import ranks
from msm_mil_core.explain.selections.selection import top_tiles
from msm_mil_core.mil.prediction import Prediction, check_index


def fused_attention(prediction: Prediction) -> NDArray[np.float32]:
    """Return for each tile (N,) the attention of all stages to it, each by the stage's weight in the prediction.

    A stage that was not shown the tile adds 0.
    """
    parts = [np.float32(stage.beta) * np.nan_to_num(stage.attention) for stage in prediction.stages]
    fused: NDArray[np.float32] = np.sum(parts, axis=0)
    return fused


def found_by(prediction: Prediction, top_percent: float) -> NDArray[np.int64]:
    """Count for each tile (N,) the stages that have it among the top `top_percent` of the tiles they were shown."""
    tops = np.stack([top_tiles(stage.attention, top_percent) for stage in prediction.stages])  # (S, N)
    count: NDArray[np.int64] = tops.sum(axis=0, dtype=np.int64)
    return count


def winner_stage(prediction: Prediction) -> NDArray[np.float32]:
    """Return for each tile (N,) the number of the stage, counted from 1, whose attention to it is highest.

    The earlier one of equals; NaN where no stage was shown the tile.
    """
    attention = np.stack([stage.attention for stage in prediction.stages])  # (S, N)
    seen = np.isfinite(attention)
    number = np.where(seen, attention, -1).argmax(axis=0) + 1
    return np.where(seen.any(axis=0), number, np.nan).astype(np.float32)


def rank_difference(prediction: Prediction, one: int, other: int) -> NDArray[np.float32]:
    """Subtract for each tile (N,) its rank in stage `other` from that in stage `one`, stages counted from 0.

    Ranks are those of `ranks`, so 1 is where `one` attends most and `other` least, -1 the reverse; NaN where either
    stage was not shown the tile.

    Raises
    ------
    ValueError
        If there is no such stage.
    """
    for stage in (one, other):
        check_index("stage", stage, len(prediction.stages))
    difference = ranks(prediction.stages[one].attention) - ranks(prediction.stages[other].attention)
    return difference.astype(np.float32)
