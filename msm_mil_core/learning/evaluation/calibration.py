"""Whether a model is right as often as it claims: its predictions in bins of confidence."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.learning.evaluation.predictions import Predictions

BINS = 15
EDGES = np.linspace(0, 1, BINS + 1)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The bins of a reliability diagram, equally wide from 0 to 1; a bin without its lower edge, with its upper one."""

    counts: Floats
    """(..., BINS), bags in each bin."""
    confidence: Floats
    """(..., BINS), mean probability of the predicted classes; NaN in an empty bin."""
    accuracy: Floats
    """(..., BINS), share of correct predictions; NaN in an empty bin."""

    @property
    def ece(self) -> Floats:
        """(...), expected calibration error: the bins' mean gap between confidence and accuracy, weighted by bags.

        Guo C. et al., On calibration of modern neural networks, ICML 2017, eq. 3.
        """
        gaps = np.nan_to_num(np.abs(self.accuracy - self.confidence))  # an empty bin has no weight
        ece: Floats = (gaps * self.counts).sum(-1) / self.counts.sum(-1)
        return ece


def bin_predictions(predictions: Predictions, counts: Floats | None = None) -> Calibration:
    """Sort predictions by the probability of the predicted class.

    Parameters
    ----------
    counts
        (..., B), how often each bag counts; once if left out.
    """
    counts = np.ones(len(predictions.labels)) if counts is None else counts
    confidence = np.minimum(predictions.probabilities.max(1), 1)
    correct = predictions.predicted == predictions.labels
    inside = np.eye(BINS)[np.searchsorted(EDGES, confidence) - 1]  # (B, BINS)
    bags = counts @ inside
    summed_confidence, hits = counts @ (inside * confidence[:, None]), counts @ (inside * correct[:, None])
    with np.errstate(invalid="ignore"):
        return Calibration(bags, summed_confidence / bags, hits / bags)
