"""One value per tile, made from several stages: who found it, who looked most, and what it adds to the answer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.selection import top_tiles
from msm_mil_core.mil.prediction import Prediction

NO_EVIDENCE = (
    "What single tiles add to the answer cannot be told: the model (preset paper) lets tiles change each other before "
    "it weighs them. Run the slide with a model without a refinement block (presets default and explain)."
)


@dataclass(frozen=True, slots=True)
class EvidenceSum:
    """How the logit of a class comes about: `bias` plus what the tiles add through each stage."""

    bias: float
    stages: tuple[float, ...]
    """The evidence of all tiles through each stage, in the order in which the stages looked."""
    logit: float
    """What the model says; equals the sum of the rest up to the rounding of float32."""

    def in_words(self, class_name: str) -> str:
        """Write bias plus the stages' evidence as the sum that it is."""
        parts = [f"stage {number} {part:+.3f}" for number, part in enumerate(self.stages, start=1)]
        return f"Bias {self.bias:+.3f}, {', '.join(parts)}: together {self.logit:+.3f}, the logit of {class_name}."


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

    Ranks are those of `ranks`, so 1 is what `one` looks at most and `other` least, -1 the reverse; NaN where either
    stage was not shown the tile.

    Raises
    ------
    ValueError
        If there is no such stage.
    """
    for stage in (one, other):
        _check_index("stage", stage, len(prediction.stages))
    difference = ranks(prediction.stages[one].attention) - ranks(prediction.stages[other].attention)
    return difference.astype(np.float32)


def ranks(attention: NDArray[np.float32]) -> NDArray[np.float64]:
    """Rank the tiles that were shown from 0 for the lowest attention to 1 for the highest; NaN (not shown) stays NaN.

    Equals share the mean of their ranks; 0.5 stands where all are equal.
    """
    shown = np.isfinite(attention)
    ranked = np.full(len(attention), np.nan)
    ranked[shown] = ranks_among(attention[shown], np.sort(attention[shown]))
    return ranked


def ranks_among(values: NDArray[np.float32], ascending: NDArray[np.float32]) -> NDArray[np.float64]:
    """Rank values among sorted ones that hold them all, 0 for the lowest and 1 for the highest.

    Equals share the mean of their ranks; 0.5 stands where all are equal.
    """
    if not ascending.size or ascending[0] == ascending[-1]:
        return np.full(values.shape, 0.5)
    below, upto = (np.searchsorted(ascending, values, side) for side in ("left", "right"))
    ranked: NDArray[np.float64] = (below + upto - 1) / 2 / (ascending.size - 1)  # the mean of equals, counted from 0
    return ranked


def evidence_of(prediction: Prediction, class_index: int, stage: int | None = None) -> NDArray[np.float32]:
    """Tell for each tile (N,) what it adds to the logit of a class, through one stage (from 0) or through all.

    Negative evidence speaks against the class; a tile that a stage was not shown adds 0 through it.

    Raises
    ------
    QuestionError
        If the model lets tiles change each other, so that there is no evidence.
    ValueError
        If there is no such class or stage.
    """
    evidence = _evidence(prediction, class_index)
    if stage is not None:
        _check_index("stage", stage, len(evidence))
        evidence = evidence[stage : stage + 1]
    added: NDArray[np.float32] = evidence.sum(axis=0).astype(np.float32)
    return added


def evidence_sum(prediction: Prediction, class_index: int) -> EvidenceSum:
    """Add the evidence for a class up, stage by stage, to its logit.

    Raises
    ------
    QuestionError
        If the model lets tiles change each other, so that there is no evidence.
    ValueError
        If there is no such class.
    """
    if prediction.bias is None:
        raise QuestionError(NO_EVIDENCE)
    stages = _evidence(prediction, class_index).sum(axis=1)
    return EvidenceSum(
        bias=float(prediction.bias[class_index]),
        stages=tuple(stages.tolist()),
        logit=float(prediction.logits[class_index]),
    )


def _evidence(prediction: Prediction, class_index: int) -> NDArray[np.float64]:
    """Return the evidence for a class by stage and tile (S, N), 0 for what was hidden."""
    _check_index("class", class_index, len(prediction.classes))
    parts = [stage.evidence[:, class_index] for stage in prediction.stages if stage.evidence is not None]
    if not parts:
        raise QuestionError(NO_EVIDENCE)
    return np.nan_to_num(np.stack(parts).astype(np.float64))


def _check_index(what: str, index: int, count: int) -> None:
    if not 0 <= index < count:
        raise ValueError(f"there is no {what} {index}: they are counted from 0 to {count - 1}")


FEWEST = 3
"""Of fewer tiles no correlation is told."""


def rank_correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return Spearman's correlation of two maps (N,) over the tiles that both show; NaN if it cannot be told.

    That is so for fewer than 3 tiles, and where a map is even.
    """
    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < FEWEST:
        return float("nan")
    of_one, of_other = ranks(one[both]), ranks(other[both])
    if not of_one.std() or not of_other.std():
        return float("nan")
    return float(np.corrcoef(of_one, of_other)[0, 1])
