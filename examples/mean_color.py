"""The baseline that any model of stained tissue must beat: the mean colour of the slide."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def colour_logits(
    colours: NDArray[np.float64], labels: NDArray[np.int64], others: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fit labels to mean colours alone, and predict others.

    Parameters
    ----------
    colours
        (B, 3), mean RGB of the training bags.
    labels
        (B,), 0 to C − 1.
    others
        (M, 3), mean RGB of the bags to predict.

    Returns
    -------
    NDArray
        (M, C), logits.
    """
    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced")).fit(colours, labels)
    logits: NDArray[np.float64] = model.predict_log_proba(others)
    return logits
