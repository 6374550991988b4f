"""The figures that a model is judged by, on all bags and on every resample of them."""

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
Figure = TypeVar("Figure")


@dataclass(frozen=True, slots=True, eq=False)
class Metrics(Generic[Figure]):
    """One figure each, or one each for every resample; NaN is what cannot be told."""

    accuracy: Figure
    balanced_accuracy: Figure
    """Mean over the classes that the bags show of the share that is answered right."""
    macro_f1: Figure
    """Mean over the classes that the bags show of F1."""
    auc: Figure
    """Area under the ROC curve; of more than two classes the mean of each that the bags show against the rest."""
    log_loss: Figure
    ece: Figure
    """Expected calibration error."""
    recalls: tuple[Figure, ...]
    """Of each of the model's classes; NaN of one that no bag shows."""


FIGURES = tuple(field.name for field in fields(Metrics) if field.name != "recalls")


def score(answers: Predictions) -> Metrics[float]:
    """Judge a model on all bags."""
    labels, predicted, present = answers.labels, answers.predicted, answers.present
    every_class = range(len(answers.classes))
    recalls = recall_score(labels, predicted, labels=every_class, average=None, zero_division=np.nan)
    return Metrics(
        accuracy=float((labels == predicted).mean()),
        balanced_accuracy=float(np.mean(recalls[present])),
        macro_f1=float(f1_score(labels, predicted, labels=present, average="macro", zero_division=0)),
        auc=float(_auc(answers, np.ones((1, len(labels))))[0]),
        log_loss=float(log_loss(labels, answers.probabilities, labels=every_class)),
        ece=float(bin_predictions(answers).ece),
        recalls=tuple(map(float, recalls)),
    )


def resampled_metrics(answers: Predictions, resamples: Resamples) -> Metrics[Floats]:
    """Judge a model on every resample, (R,) each; what needs all classes is NaN where a draw lacks one."""
    counts, present = resamples.counts, answers.present
    confusion = _confusion(answers, counts)
    of_class, answered, right = confusion.sum(2), confusion.sum(1), confusion.diagonal(axis1=1, axis2=2)  # (R, C)
    with np.errstate(invalid="ignore"):
        recalls = right / of_class
    f1 = 2 * right[:, present] / np.where(of_class[:, present] > 0, (of_class + answered)[:, present], np.nan)
    chosen = answers.probabilities[np.arange(len(answers.labels)), answers.labels]
    losses = -np.log(np.clip(chosen, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY))
    return Metrics(
        accuracy=right.sum(1) / counts.sum(1),
        balanced_accuracy=recalls[:, present].mean(1),
        macro_f1=f1.mean(1),
        auc=_auc(answers, counts),
        log_loss=counts @ losses / counts.sum(1),
        ece=bin_predictions(answers, counts).ece,
        recalls=tuple(recalls.T),
    )


def confuse(answers: Predictions) -> NDArray[np.int64]:
    """Count bags (C, C): a row for each label, a column for each answer."""
    matrix: NDArray[np.int64] = confusion_matrix(
        answers.labels, answers.predicted, labels=range(len(answers.classes))
    ).astype(np.int64)
    return matrix


def _confusion(answers: Predictions, counts: Floats) -> Floats:
    C = len(answers.classes)
    cell = np.eye(C * C)[answers.labels * C + answers.predicted]  # (B, C²)
    confusion: Floats = (counts @ cell).reshape(-1, C, C)
    return confusion


def _auc(answers: Predictions, counts: Floats) -> Floats:
    """Mean over the classes that the bags show; of two classes both have the same."""
    if len(answers.present) < 2:
        return np.full(len(counts), np.nan)
    against = answers.present if len(answers.classes) > 2 else np.array([1])
    columns = [_one_against_rest(answers.labels == c, answers.probabilities[:, c], counts) for c in against]
    lacking = np.any([counts @ (answers.labels == c) == 0 for c in answers.present], axis=0)
    return np.where(lacking, np.nan, np.mean(columns, axis=0))


def _one_against_rest(positive: NDArray[np.bool_], scores: Floats, counts: Floats) -> Floats:
    """Mann and Whitney's U over the number of pairs; a tie is half a pair."""
    values, place = np.unique(scores, return_inverse=True)
    areas = np.empty(len(counts))
    for draw, count in enumerate(counts):
        positives = np.bincount(place, count * positive, len(values))
        negatives = np.bincount(place, count * ~positive, len(values))
        below = negatives.cumsum() - negatives / 2
        pairs = positives.sum() * negatives.sum()
        areas[draw] = positives @ below / pairs if pairs else np.nan
    return areas
