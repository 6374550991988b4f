"""The metrics of a model, on all bags and on every resample of them."""

from dataclasses import dataclass, fields
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, f1_score, log_loss, recall_score

from msm_mil_core.learning.evaluation.bootstrap import Resamples
from msm_mil_core.learning.evaluation.calibration import bin_predictions
from msm_mil_core.learning.evaluation.predictions import Predictions

LEAST_PROBABILITY = float(np.finfo(np.float64).eps)
"""What scikit-learn takes for 0 in the log loss."""

Floats = NDArray[np.float64]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, eq=False)
class Metrics(Generic[Value]):
    """One value each, or one each for every resample; NaN where it is undefined."""

    accuracy: Value
    balanced_accuracy: Value
    """Mean recall of the classes that are present."""
    macro_f1: Value
    """Mean F1 of the classes that are present."""
    auc: Value
    """Area under the ROC curve; of more than two classes the mean of each that is present against the rest."""
    log_loss: Value
    ece: Value
    """Expected calibration error."""
    recalls: tuple[Value, ...]
    """Of each of the model's classes; NaN for an absent one."""


METRICS = tuple(field.name for field in fields(Metrics) if field.name != "recalls")


def compute_metrics(predictions: Predictions) -> Metrics[float]:
    """Compute the metrics of a model on all bags."""
    labels, predicted, present = predictions.labels, predictions.predicted, predictions.present
    every_class = range(len(predictions.classes))
    recalls = recall_score(labels, predicted, labels=every_class, average=None, zero_division=np.nan)
    return Metrics(
        accuracy=float((labels == predicted).mean()),
        balanced_accuracy=float(np.mean(recalls[present])),
        macro_f1=float(f1_score(labels, predicted, labels=present, average="macro", zero_division=0)),
        auc=float(_auc(predictions, np.ones((1, len(labels))))[0]),
        log_loss=float(log_loss(labels, predictions.probabilities, labels=every_class)),
        ece=float(bin_predictions(predictions).ece),
        recalls=tuple(map(float, recalls)),
    )


def resampled_metrics(predictions: Predictions, resamples: Resamples) -> Metrics[Floats]:
    """Compute the metrics on every resample, (R,) each; those that need all classes are NaN where a draw lacks one."""
    counts, present = resamples.counts, predictions.present
    confusion = _confusion(predictions, counts)
    of_class, predicted, correct = confusion.sum(2), confusion.sum(1), confusion.diagonal(axis1=1, axis2=2)  # (R, C)
    with np.errstate(invalid="ignore"):
        recalls = correct / of_class
    f1 = 2 * correct[:, present] / np.where(of_class[:, present] > 0, (of_class + predicted)[:, present], np.nan)
    chosen = predictions.probabilities[np.arange(len(predictions.labels)), predictions.labels]
    losses = -np.log(np.clip(chosen, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY))
    return Metrics(
        accuracy=correct.sum(1) / counts.sum(1),
        balanced_accuracy=recalls[:, present].mean(1),
        macro_f1=f1.mean(1),
        auc=_auc(predictions, counts),
        log_loss=counts @ losses / counts.sum(1),
        ece=bin_predictions(predictions, counts).ece,
        recalls=tuple(recalls.T),
    )


def confusion_of(predictions: Predictions) -> NDArray[np.int64]:
    """Count bags (C, C): a row for each label, a column for each prediction."""
    matrix: NDArray[np.int64] = confusion_matrix(
        predictions.labels, predictions.predicted, labels=range(len(predictions.classes))
    ).astype(np.int64)
    return matrix


def _confusion(predictions: Predictions, counts: Floats) -> Floats:
    C = len(predictions.classes)
    cell = np.eye(C * C)[predictions.labels * C + predictions.predicted]  # (B, C²)
    confusion: Floats = (counts @ cell).reshape(-1, C, C)
    return confusion


def _auc(predictions: Predictions, counts: Floats) -> Floats:
    """Mean over the classes that are present; of two classes both have the same."""
    if len(predictions.present) < 2:
        return np.full(len(counts), np.nan)
    against = predictions.present if len(predictions.classes) > 2 else np.array([1])
    columns = [_one_against_rest(predictions.labels == c, predictions.probabilities[:, c], counts) for c in against]
    lacking = np.any([counts @ (predictions.labels == c) == 0 for c in predictions.present], axis=0)
    return np.where(lacking, np.nan, np.mean(columns, axis=0))


def _one_against_rest(positive: NDArray[np.bool_], scores: Floats, counts: Floats) -> Floats:
    """Mann and Whitney's U over the number of pairs; a tie is half a pair."""
    order = np.argsort(scores)
    first = np.unique(scores[order], return_index=True)[1]  # of each run of ties
    positives = np.add.reduceat((counts * positive)[:, order], first, axis=1)  # (R, V)
    negatives = np.add.reduceat((counts * ~positive)[:, order], first, axis=1)
    below = negatives.cumsum(1) - negatives / 2
    pairs = positives.sum(1) * negatives.sum(1)
    with np.errstate(invalid="ignore"):
        areas: Floats = (positives * below).sum(1) / pairs
    return areas
