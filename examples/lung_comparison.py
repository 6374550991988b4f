"""What models of lung mosaics are worth on the same held-out photographs: how well they answer, and find tumours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

from examples.lung_collection import Collection
from examples.lung_photographs import CLASSES, PER_SIDE, Mosaic
from examples.mean_color import colour_logits
from msm_mil_core.explain.evidence import evidence_of
from msm_mil_core.learning.evaluation.metrics import Metrics, compute_metrics
from msm_mil_core.learning.evaluation.predictions import Predictions
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.mil.network import network_with
from msm_mil_core.mil.predict import predict
from msm_mil_core.mil.prediction import Prediction

REDRAWS = 100
"""Sets of test mosaics, each drawn from resampled blocks of test photographs: they give the intervals."""
NAMES = tuple(sorted(CLASSES))
"""The classes in the order of the models."""

Probabilities = Callable[[Sequence[Mosaic]], NDArray[np.float64]]
"""From B mosaics to (B, C), in the order of `NAMES`."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and where 95 % of those lie that are found on redrawn mosaics."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, slots=True)
class Localisation:
    """How well maps find the tiles of tumour photographs: AUC of a mosaic's tiles, mean over mosaics with a tumour."""

    attention: float
    """Of all stages together."""
    answer: float
    """Of the evidence for the model's answer, whichever it is."""
    label: float
    """Of the evidence for the class that is true."""
    tumour: float
    """Of the evidence against "none"."""


def network_probabilities(checkpoint: Checkpoint, collection: Collection) -> Probabilities:
    """Return what a trained network says of mosaics."""
    network = network_with(checkpoint.options, checkpoint.state)

    def probabilities(mosaics: Sequence[Mosaic]) -> NDArray[np.float64]:
        with torch.inference_mode():
            logits = network(torch.from_numpy(collection.tiles(mosaics))).logits.numpy()
        return softmax(logits.astype(np.float64), axis=1)

    return probabilities


def colour_probabilities(trained_on: Sequence[Mosaic], collection: Collection) -> Probabilities:
    """Return what the mean colour of mosaics alone says of them."""
    of_each = collection.colours

    def colours(mosaics: Sequence[Mosaic]) -> NDArray[np.float64]:
        return np.stack([of_each[one.photographs].mean(0) for one in mosaics])

    known = colours(trained_on), labels_of(trained_on)
    return lambda mosaics: softmax(colour_logits(*known, colours(mosaics)), axis=1)


def labels_of(mosaics: Sequence[Mosaic]) -> NDArray[np.int64]:
    """Return the labels (B,), in the order of `NAMES`."""
    return np.array([NAMES.index(CLASSES[one.label]) for one in mosaics])


def metrics_of(probabilities: Probabilities, mosaics: Sequence[Mosaic]) -> Metrics[float]:
    """Compare what is said of mosaics with their labels."""
    return compute_metrics(Predictions("", NAMES, labels_of(mosaics), probabilities(mosaics)))


def auc_intervals(
    methods: Sequence[Probabilities], mosaics: Sequence[Mosaic], collection: Collection
) -> tuple[list[Interval], list[Interval]]:
    """Return the AUC of each method, and how much it is below that of the first; redraws are the same for all."""
    rng = np.random.default_rng(7)
    drawn = [collection.draw(collection.resampled("test", rng), len(mosaics), rng) for _ in range(REDRAWS)]
    redrawn = np.array([[metrics_of(method, each).auc for method in methods] for each in drawn])  # (R, methods)
    found = np.array([metrics_of(method, mosaics).auc for method in methods])
    pairs = zip((found, found[0] - found), (redrawn, redrawn[:, :1] - redrawn), strict=True)
    aucs, differences = ([_interval(*pair) for pair in zip(values, draws.T, strict=True)] for values, draws in pairs)
    return aucs, differences


def localisation_of(checkpoint: Checkpoint, mosaics: Sequence[Mosaic], collection: Collection) -> Localisation:
    """Measure how well the maps of a model find the tumour photographs of mosaics that have some."""
    found = []
    for one in mosaics:
        truth = np.repeat(collection.kinds[one.photographs] > 0, PER_SIDE**2)
        if truth.any():
            (tiles,) = collection.tiles([one])
            prediction, label = predict(checkpoint, tiles, device="cpu"), NAMES.index(CLASSES[one.label])
            of_class = [evidence_of(prediction, index) for index in range(len(NAMES))]
            answer, none = NAMES.index(prediction.winner), NAMES.index("none")
            maps = _attention(prediction), of_class[answer], of_class[label], -of_class[none]
            found.append([roc_auc_score(truth, each) for each in maps])
    return Localisation(*map(float, np.mean(found, axis=0)))


def _attention(prediction: Prediction) -> NDArray[np.float64]:
    weighed = [stage.beta * np.nan_to_num(stage.attention) for stage in prediction.stages]
    return np.sum(weighed, axis=0, dtype=np.float64)


def _interval(value: float, draws: NDArray[np.float64]) -> Interval:
    low, high = np.percentile(draws, (2.5, 97.5))
    return Interval(float(value), float(low), float(high))
