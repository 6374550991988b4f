"""Evidence: what each tile adds to the log-odds of a class.

A single logit says nothing by itself: the same number added to all of them leaves every probability as it is. So
evidence is always for one class over another: over the class that means that nothing was found, where the model names
one, else over the other class of two, or over the mean of the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.errors import QuestionError
from msm_mil_core.mil.map_names import in_sentence, map_name
from msm_mil_core.mil.prediction import Prediction, StageAttention, check_index

NO_EVIDENCE = (
    "What single tiles add to the prediction is undefined: in this model (preset paper) tiles change each other before "
    "they are weighed. Run the slide with a model without a refinement block (presets default and explain)."
)
OTHERS = "the mean of the other classes"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EvidenceSum:
    """How the log-odds of a class come about: `bias` plus what the tiles add through each stage."""

    over: str
    """What the class is held against: the name of a class, or `OTHERS`."""
    bias: float
    stages: tuple[float, ...]
    """The evidence of all tiles through each stage, in the order of the stages."""
    log_odds: float
    """By how much the class's logit exceeds that of `over`; equals the sum of the rest up to float32's rounding."""
    map_classes: tuple[str, ...] = ()
    """The classes whose own the maps are; empty where they are those of stages."""

    def sentence(self, class_name: str) -> str:
        """Return bias plus the stages' evidence, written as a sum."""
        names = (in_sentence(map_name(index, self.map_classes)) for index in range(len(self.stages)))
        parts = [f"{name} {part:+.3f}" for name, part in zip(names, self.stages, strict=True)]
        total = f"together {self.log_odds:+.3f}, the log-odds of {class_name} over {self.over}"
        return f"Bias {self.bias:+.3f}, {', '.join(parts)}: {total}."


def evidence_of(prediction: Prediction, class_index: int, stage: int | None = None) -> NDArray[np.float32]:
    """Return for each tile (N,) what it adds to the log-odds of a class, through one stage (from 0) or through all.

    Negative evidence speaks against the class; a tile that a stage was not shown adds 0 through it.

    Raises
    ------
    QuestionError
        If tiles change each other in the model, so that there is no evidence.
    ValueError
        If there is no such class or stage.
    """
    stages = prediction.stages
    if stage is not None:
        check_index("stage", stage, len(stages))
        stages = stages[stage : stage + 1]
    added: NDArray[np.float32] = _evidence(prediction, class_index, stages).sum(axis=0).astype(np.float32)
    return added


def evidence_sum(prediction: Prediction, class_index: int) -> EvidenceSum:
    """Return the evidence for a class, summed by stage, with its bias and log-odds.

    Raises
    ------
    QuestionError
        If tiles change each other in the model, so that there is no evidence.
    ValueError
        If there is no such class.
    """
    if prediction.bias is None:
        raise QuestionError(NO_EVIDENCE)
    stages = _evidence(prediction, class_index, prediction.stages).sum(axis=1)
    held_against = _held_against(prediction, class_index)
    return EvidenceSum(
        over=held_over(prediction, class_index),
        bias=float(prediction.bias @ held_against),
        stages=tuple(stages.tolist()),
        log_odds=float(prediction.logits @ held_against),
        map_classes=prediction.map_classes,
    )


def held_over(prediction: Prediction, class_index: int) -> str:
    """Return what evidence for a class is over: the name of another class, or `OTHERS`."""
    other = _other(prediction, class_index)
    return OTHERS if other is None else prediction.classes[other]


def _other(prediction: Prediction, class_index: int) -> int | None:
    classes = prediction.classes
    if prediction.negative in classes and prediction.negative != classes[class_index]:
        return classes.index(prediction.negative)
    return 1 - class_index if len(classes) == 2 else None


def _held_against(prediction: Prediction, class_index: int) -> Floats:
    """Return the weights (C,) by which logits are log-odds of the class."""
    count, other = len(prediction.classes), _other(prediction, class_index)
    weights = np.full(count, -1 / (count - 1)) if other is None else -np.eye(count)[other]
    weights[class_index] = 1
    return weights


def _evidence(prediction: Prediction, class_index: int, stages: Sequence[StageAttention]) -> Floats:
    """Return the evidence for a class by stage and tile (S, N), 0 for what was hidden."""
    check_index("class", class_index, len(prediction.classes))
    parts = [part for stage in stages if (part := stage.evidence) is not None]
    if not parts:
        raise QuestionError(NO_EVIDENCE)
    held_against = _held_against(prediction, class_index)
    return np.stack([np.nan_to_num(part.astype(np.float64)) @ held_against for part in parts])
