"""Finished models, evaluated on the same bags and compared with the first of them."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.learning.dataset.bag_selection import BagSelection
from msm_mil_core.learning.evaluation.bootstrap import Estimate, Resamples, draw_resamples, estimate
from msm_mil_core.learning.evaluation.compatibility import check_compatible
from msm_mil_core.learning.evaluation.evaluate import Evaluation, evaluate
from msm_mil_core.learning.evaluation.metrics import compute_metrics, resampled_metrics
from msm_mil_core.learning.evaluation.predictions import Predictions, predict_bags
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.progress import Progress

ROUNDING_DIGITS = 12
"""Values that differ by less are equal but for the order of summation."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """By how much a metric of one model exceeds that of another on the same bags."""

    by: Estimate
    p: float
    """Two-sided, from the resamples: twice the share in which the difference does not have its own sign, at most 1."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A further model compared with the first."""

    title: str
    against: str
    auc: PairedDifference
    balanced_accuracy: PairedDifference


@dataclass(frozen=True, slots=True, eq=False)
class ModelComparison:
    """One or more models on the same bags."""

    selection: BagSelection
    checkpoints: tuple[Checkpoint, ...]
    evaluations: tuple[Evaluation, ...]
    """One a checkpoint."""
    differences: tuple[Difference, ...]
    """One for each checkpoint but the first."""
    resamples: int
    """How often the patients were resampled; the same resamples for every model."""

    def __repr__(self) -> str:
        return f"<ModelComparison: {', '.join(checkpoint.name for checkpoint in self.checkpoints)}>"


def compare_models(
    selection: BagSelection, checkpoints: Sequence[Checkpoint], *, encoder: str | None = None, device: str = "auto"
) -> Generator[Progress, None, ModelComparison]:
    """Evaluate one or more models on the same bags, one bag at a time.

    Parameters
    ----------
    encoder
        As `check_compatible` takes it.
    device
        As `choose_device` takes it.

    Raises
    ------
    EvaluationError, ValueError
        As `check_compatible` raises them.
    FeatureFileError, TrainingError
        If a bag cannot be read or used.
    DeviceError
        If the device is missing, or fails.
    """
    check_compatible(selection, checkpoints, encoder)
    predictions = yield from predict_bags(selection.bags, checkpoints, device=device)
    resamples = draw_resamples(selection.bags.patients)
    evaluations = []
    for done, of_model in enumerate(predictions):
        yield Progress("Resampling patients", done, len(predictions), "models")
        evaluations.append(evaluate(of_model, resamples))
    differences = tuple(subtract(other, predictions[0], resamples) for other in predictions[1:])
    return ModelComparison(selection, tuple(checkpoints), tuple(evaluations), differences, len(resamples))


def subtract(predictions: Predictions, first: Predictions, resamples: Resamples) -> Difference:
    """Compare a model with the first, both on the same resamples."""
    one, other = compute_metrics(predictions), compute_metrics(first)
    resampled, resampled_first = resampled_metrics(predictions, resamples), resampled_metrics(first, resamples)
    return Difference(
        title=predictions.title,
        against=first.title,
        auc=_paired(one.auc - other.auc, resampled.auc - resampled_first.auc),
        balanced_accuracy=_paired(
            one.balanced_accuracy - other.balanced_accuracy,
            resampled.balanced_accuracy - resampled_first.balanced_accuracy,
        ),
    )


def _paired(value: float, resampled: Floats) -> PairedDifference:
    defined = resampled[np.isfinite(resampled)]
    if np.isnan(value) or not len(defined):
        return PairedDifference(estimate(value, resampled), np.nan)
    signs = np.sign(defined.round(ROUNDING_DIGITS))
    beyond = min(int((signs <= 0).sum()), int((signs >= 0).sum()))
    p = min(1.0, 2 * (beyond + 1) / (len(defined) + 1))  # Davison and Hinkley 1997, eq. 4.11: never 0
    return PairedDifference(estimate(value, resampled), p)
