"""How good a model's answers are, and how sure that is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from scipy.stats import rankdata
from sklearn.metrics import balanced_accuracy_score, log_loss

from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.dataset.splits import Indices
from msm_mil_core.learning.evaluation.bootstrap import (
    INTERVAL_PERCENT,
    RESAMPLES,
    Estimate,
    Resamples,
    centred_estimate,
    estimate,
)
from msm_mil_core.learning.evaluation.calibration import Calibration, bin_predictions
from msm_mil_core.learning.evaluation.metrics import Metrics, confuse, resampled_metrics, score
from msm_mil_core.learning.evaluation.predictions import Predictions
from msm_mil_core.mil.network import MsmMil


@dataclass(frozen=True, slots=True)
class Figures:
    """What is measured on bags that were not learnt from."""

    bags: int
    auc: float
    """Area under the ROC curve; of more than two classes the mean of each against the rest."""
    auc_low: float
    """Lower end of the 95 % interval of `auc`: patients drawn again and again with replacement."""
    auc_high: float
    balanced_accuracy: float
    """Mean over the classes of the share that is answered right."""
    log_loss: float


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """How good one finished model is on cases."""

    answers: Predictions
    scores: Metrics[Estimate]
    confusion: NDArray[np.int64]
    """(C, C) bags: a row for each label, a column for each answer."""
    calibration: Calibration
    notes: tuple[str, ...]
    """Sentences on what the figures leave out, and why."""


def evaluate(answers: Predictions, resamples: Resamples) -> Evaluation:
    """Judge the answers of a model, and draw the intervals from resamples of the same bags."""
    told, drawn = score(answers), resampled_metrics(answers, resamples)
    return Evaluation(
        answers=answers,
        scores=Metrics(
            accuracy=estimate(told.accuracy, drawn.accuracy),
            balanced_accuracy=estimate(told.balanced_accuracy, drawn.balanced_accuracy),
            macro_f1=estimate(told.macro_f1, drawn.macro_f1),
            auc=estimate(told.auc, drawn.auc),
            log_loss=estimate(told.log_loss, drawn.log_loss),
            ece=centred_estimate(told.ece, drawn.ece),
            recalls=tuple(map(estimate, told.recalls, drawn.recalls)),
        ),
        confusion=confuse(answers),
        calibration=bin_predictions(answers),
        notes=tuple(_notes(answers, resamples)),
    )


def answer(network: MsmMil, bags: BagDataset, chosen: Indices) -> NDArray[np.float32]:
    """Return the logits (B, C) of the chosen bags, one bag at a time."""
    network.eval()
    device = network.classifier.weight.device
    with torch.inference_mode():
        bag_of = (torch.from_numpy(np.require(bags.features(index), np.float32, ["C", "W"])) for index in chosen)
        logits = [network(bag[None].to(device)).logits[0].cpu().numpy() for bag in bag_of]
    return np.stack(logits)


def measure(
    labels: NDArray[np.int64], logits: NDArray[np.float32], patients: Sequence[str], *, seed: int = 0
) -> Figures:
    """Compare logits (B, C) with labels (B,), among which every class must be."""
    probabilities = softmax(logits.astype(np.float64), axis=1)
    low, high = np.percentile(_resampled_aucs(labels, probabilities, np.array(patients), seed), INTERVAL_PERCENT)
    return Figures(
        bags=len(labels),
        auc=auc(labels, probabilities),
        auc_low=float(low),
        auc_high=float(high),
        balanced_accuracy=float(balanced_accuracy_score(labels, probabilities.argmax(1))),
        log_loss=float(log_loss(labels, probabilities, labels=range(probabilities.shape[1]))),
    )


def auc(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    """Area under the ROC curve; of more than two classes the mean of each against the rest."""
    if probabilities.shape[1] == 2:
        return _binary_auc(labels == 1, probabilities[:, 1])
    return float(np.mean([_binary_auc(labels == index, column) for index, column in enumerate(probabilities.T)]))


def _notes(answers: Predictions, resamples: Resamples) -> Iterator[str]:
    present = [answers.classes[index] for index in answers.present]
    absent = [name for name in answers.classes if name not in present]
    if len(present) == 1:
        yield f"The AUC cannot be told, for all bags are {present[0]}: add bags of another class."
    if absent:
        yield f"No bag is {' or '.join(absent)}: means over classes leave that out."
    if not len(resamples):
        yield "No interval can be drawn, for all bags are of one patient: add other patients."


def _binary_auc(positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    count = int(positive.sum())
    rank_sum = float(rankdata(scores)[positive].sum())  # Mann and Whitney's U: quick enough for every resample
    return (rank_sum - count * (count + 1) / 2) / (count * (len(scores) - count))


def _resampled_aucs(
    labels: NDArray[np.int64], probabilities: NDArray[np.float64], patients: NDArray[np.str_], seed: int
) -> list[float]:
    rng = np.random.default_rng(seed)
    names, owner = np.unique(patients, return_inverse=True)
    bags_of = [np.flatnonzero(owner == index) for index in range(len(names))]
    aucs = []
    for _ in range(RESAMPLES):
        drawn = np.concatenate([bags_of[index] for index in rng.integers(len(names), size=len(names))])
        if len(np.unique(labels[drawn])) == probabilities.shape[1]:
            aucs.append(auc(labels[drawn], probabilities[drawn]))
    return aucs or [auc(labels, probabilities)]
