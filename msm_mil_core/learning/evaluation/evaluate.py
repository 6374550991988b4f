"""How good a model's predictions are, with 95 % intervals: the one evaluation that every table and file shows."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.evaluation.bootstrap import (
    Estimate,
    Resamples,
    centred_estimate,
    draw_resamples,
    estimate,
)
from msm_mil_core.learning.evaluation.calibration import Calibration, bin_predictions
from msm_mil_core.learning.evaluation.metrics import Metrics, compute_metrics, confusion_of, resampled_metrics
from msm_mil_core.learning.evaluation.predictions import Predictions, predict_bags
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.progress import Progress


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """How good one finished model is on labelled bags."""

    predictions: Predictions
    metrics: Metrics[Estimate]
    confusion: NDArray[np.int64]
    """(C, C) bags: a row for each label, a column for each prediction."""
    calibration: Calibration
    notes: tuple[str, ...]
    """Sentences on what the metrics leave out, and why."""

    def __repr__(self) -> str:
        auc = self.metrics.auc.value
        return f"<Evaluation of {self.predictions.title}: {len(self.predictions.labels)} bags, AUC {auc:.3f}>"

    def summary(self) -> Mapping[str, float | None]:
        """Return the metrics that a model file and the table of folds keep; None where one is undefined."""
        metrics = self.metrics
        return {
            "bags": len(self.predictions.labels),
            "auc": _or_none(metrics.auc.value),
            "auc_low": _or_none(metrics.auc.low),
            "auc_high": _or_none(metrics.auc.high),
            "balanced_accuracy": _or_none(metrics.balanced_accuracy.value),
            "log_loss": _or_none(metrics.log_loss.value),
            "ece": _or_none(metrics.ece.value),
            "ece_low": _or_none(metrics.ece.low),
            "ece_high": _or_none(metrics.ece.high),
        }


def evaluate_model(
    checkpoint: Checkpoint, bags: BagDataset, *, device: str = "auto"
) -> Generator[Progress, None, Evaluation]:
    """Evaluate one model on bags of the kind that it was trained on; raises what `predict_bags` raises."""
    (predictions,) = yield from predict_bags(bags, [checkpoint], device=device)
    return evaluate(predictions, draw_resamples(bags.patients))


def with_figures(
    checkpoint: Checkpoint, bags: BagDataset, *, device: str = "auto"
) -> Generator[Progress, None, Checkpoint]:
    """Return the model with its metrics on validation and test bags in its record, of the split it was trained on."""
    figures: dict[str, JsonValue] = {}
    for name in ("val", "test"):
        held_out = bags.part(name)
        if len(held_out):
            evaluation = yield from evaluate_model(checkpoint, held_out, device=device)
            figures[name] = dict(evaluation.summary())
    return replace(checkpoint, record={**checkpoint.record, "figures": figures})


def evaluate(predictions: Predictions, resamples: Resamples) -> Evaluation:
    """Compute the metrics of a model, with intervals from resamples of the same bags."""
    values, resampled = compute_metrics(predictions), resampled_metrics(predictions, resamples)
    return Evaluation(
        predictions=predictions,
        metrics=Metrics(
            accuracy=estimate(values.accuracy, resampled.accuracy),
            balanced_accuracy=estimate(values.balanced_accuracy, resampled.balanced_accuracy),
            macro_f1=estimate(values.macro_f1, resampled.macro_f1),
            auc=estimate(values.auc, resampled.auc),
            log_loss=estimate(values.log_loss, resampled.log_loss),
            ece=centred_estimate(values.ece, resampled.ece),
            recalls=tuple(map(estimate, values.recalls, resampled.recalls)),
        ),
        confusion=confusion_of(predictions),
        calibration=bin_predictions(predictions),
        notes=tuple(_notes(predictions, resamples)),
    )


def _notes(predictions: Predictions, resamples: Resamples) -> Iterator[str]:
    present = [predictions.classes[index] for index in predictions.present]
    absent = [name for name in predictions.classes if name not in present]
    if len(present) == 1:
        yield f"The AUC is undefined because all bags are {present[0]}: add bags of another class."
    if absent:
        yield f"No bag is {' or '.join(absent)}: means over classes leave that out."
    if not len(resamples):
        yield "There are no intervals because all bags are of one patient: add other patients."


def _or_none(value: float) -> float | None:
    return value if isfinite(value) else None
