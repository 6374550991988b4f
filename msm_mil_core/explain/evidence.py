"""Evidence: what each tile adds to the logit of a class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.errors import QuestionError
from msm_mil_core.mil.prediction import Prediction, check_index

NO_EVIDENCE = (
    "What single tiles add to the prediction is undefined: in this model (preset paper) tiles change each other before "
    "they are weighed. Run the slide with a model without a refinement block (presets default and explain)."
)


@dataclass(frozen=True, slots=True)
class EvidenceSum:
    """How the logit of a class comes about: `bias` plus what the tiles add through each stage."""

    bias: float
    stages: tuple[float, ...]
    """The evidence of all tiles through each stage, in the order of the stages."""
    logit: float
    """The model's logit; equals the sum of the rest up to the rounding of float32."""

    def sentence(self, class_name: str) -> str:
        """Return bias plus the stages' evidence, written as a sum."""
        parts = [f"stage {number} {part:+.3f}" for number, part in enumerate(self.stages, start=1)]
        return f"Bias {self.bias:+.3f}, {', '.join(parts)}: together {self.logit:+.3f}, the logit of {class_name}."


def evidence_of(prediction: Prediction, class_index: int, stage: int | None = None) -> NDArray[np.float32]:
    """Return for each tile (N,) what it adds to the logit of a class, through one stage (from 0) or through all.

    Negative evidence speaks against the class; a tile that a stage was not shown adds 0 through it.

    Raises
    ------
    QuestionError
        If tiles change each other in the model, so that there is no evidence.
    ValueError
        If there is no such class or stage.
    """
    evidence = _evidence(prediction, class_index)
    if stage is not None:
        check_index("stage", stage, len(evidence))
        evidence = evidence[stage : stage + 1]
    added: NDArray[np.float32] = evidence.sum(axis=0).astype(np.float32)
    return added


def evidence_sum(prediction: Prediction, class_index: int) -> EvidenceSum:
    """Return the evidence for a class, summed by stage, with its bias and logit.

    Raises
    ------
    QuestionError
        If tiles change each other in the model, so that there is no evidence.
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
    check_index("class", class_index, len(prediction.classes))
    parts = [stage.evidence[:, class_index] for stage in prediction.stages if stage.evidence is not None]
    if not parts:
        raise QuestionError(NO_EVIDENCE)
    return np.nan_to_num(np.stack(parts).astype(np.float64))
