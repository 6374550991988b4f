"""The simplest model of a bag: a penalised logistic regression on the mean of its tiles' features."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.evaluation.predictions import Predictions

TITLE = "ridge on mean features"
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Inverse penalties, of which the validation bags choose."""
MOST_STEPS = 5000

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class MeanFeatures:
    """The mean features of B bags, with their labels."""

    means: Floats
    """(B, P)."""
    labels: NDArray[np.int64]
    """(B,)."""


def mean_features(bags: BagDataset) -> MeanFeatures:
    """Read bags, one at a time.

    Raises
    ------
    FeatureFileError, TrainingError
        If a bag cannot be read or used.
    """
    means = [bags.features(index).mean(0, dtype=np.float64) for index in range(len(bags))]
    return MeanFeatures(np.stack(means), bags.labels)


def fit_ridge(train: MeanFeatures, val: MeanFeatures, *, balance: bool) -> Pipeline:
    """Fit logistic regressions with an L2 penalty to the training bags, and return the best on the validation bags.

    Hoerl A.E., Kennard R.W., Ridge regression, Technometrics 1970; le Cessie S., van Houwelingen J.C., Ridge
    estimators in logistic regression, Applied Statistics 1992.
    """
    return min((_fitted(train, strength, balance=balance) for strength in STRENGTHS), key=lambda one: _loss(one, val))


def predict_ridge(ridge: Pipeline, bags: MeanFeatures, classes: tuple[str, ...]) -> Predictions:
    """Predict bags with a model that was fitted to bags of every class."""
    probabilities: Floats = ridge.predict_proba(bags.means)
    return Predictions(TITLE, classes, bags.labels, probabilities)


def _fitted(train: MeanFeatures, strength: float, *, balance: bool) -> Pipeline:
    weight: Any = "balanced" if balance else None
    regression = LogisticRegression(C=strength, class_weight=weight, max_iter=MOST_STEPS)
    return make_pipeline(StandardScaler(), regression).fit(train.means, train.labels)


def _loss(ridge: Pipeline, val: MeanFeatures) -> float:
    loss: float = log_loss(val.labels, ridge.predict_proba(val.means), labels=ridge.classes_)
    return loss
