"""Whether a model is right as often as it says: its answers in bins of how sure they are."""

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
    """(..., BINS), mean probability of the answers in it; NaN in an empty bin."""
    accuracy: Floats
    """(..., BINS), share of the answers in it that are right; NaN in an empty bin."""

    @property
    def ece(self) -> Floats:
        """(...), expected calibration error: the bins' mean gap between sureness and truth, by their bags.

        Guo C. et al., On calibration of modern neural networks, ICML 2017, eq. 3.
        """
        gaps = np.nan_to_num(np.abs(self.accuracy - self.confidence))  # an empty bin has no weight
        ece: Floats = (gaps * self.counts).sum(-1) / self.counts.sum(-1)
        return ece


def bin_predictions(answers: Predictions, counts: Floats | None = None) -> Calibration:
    """Sort answers by the probability of the class they choose.

    Parameters
    ----------
    counts
        (..., B), how often each bag counts; once if left out.
    """
    counts = np.ones(len(answers.labels)) if counts is None else counts
    confidence = np.minimum(answers.probabilities.max(1), 1)
    right = answers.predicted == answers.labels
    inside = np.eye(BINS)[np.searchsorted(EDGES, confidence) - 1]  # (B, BINS)
    bags, sure, correct = counts @ inside, counts @ (inside * confidence[:, None]), counts @ (inside * right[:, None])
    with np.errstate(invalid="ignore"):
        return Calibration(bags, sure / bags, correct / bags)
