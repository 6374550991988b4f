"""Finished models, judged on the same bags and held against the first of them."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.errors import EvaluationError
from msm_mil_core.learning.dataset.cases import Cases
from msm_mil_core.learning.evaluation.bootstrap import Estimate, Resamples, draw_resamples, estimate
from msm_mil_core.learning.evaluation.evaluate import Evaluation, evaluate
from msm_mil_core.learning.evaluation.metrics import resampled_metrics, score
from msm_mil_core.learning.evaluation.predictions import Predictions, predict_cases
from msm_mil_core.mil.checkpoint import Checkpoint
from msm_mil_core.progress import Progress

ROUNDING_DIGITS = 12
"""What differs by less is the same figure, summed up otherwise."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """By how much a figure of one model lies above that of another on the same bags."""

    by: Estimate
    p: float
    """Two-sided, from the resamples: twice the share in which the difference has not its own sign, at most 1."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A further model against the first."""

    title: str
    against: str
    auc: PairedDifference
    balanced_accuracy: PairedDifference


@dataclass(frozen=True, slots=True, eq=False)
class ModelComparison:
    """One or more models on the same cases."""

    cases: Cases
    checkpoints: tuple[Checkpoint, ...]
    evaluations: tuple[Evaluation, ...]
    """One a checkpoint."""
    differences: tuple[Difference, ...]
    """One for each checkpoint but the first."""
    resamples: int
    """How often the patients were drawn; the same draws for every model."""


def compare_models(
    cases: Cases, checkpoints: Sequence[Checkpoint], *, encoder: str | None = None, device: str = "auto"
) -> Generator[Progress, None, ModelComparison]:
    """Judge one or more models on the same cases, one bag at a time.

    Parameters
    ----------
    encoder, device
        As `predict_cases` takes them.

    Raises
    ------
    EvaluationError
        If the models tell different classes apart, or cannot be asked about these cases.
    FeatureFileError
        If a bag cannot be read.
    DeviceError
        If the device is missing, or fails.
    ValueError
        If there is no model.
    """
    _check_classes(checkpoints)
    answers = yield from predict_cases(cases, checkpoints, encoder=encoder, device=device)
    resamples = draw_resamples(cases.patients)
    evaluations = []
    for done, of_one in enumerate(answers):
        yield Progress("Drawing patients anew", done, len(answers), "models")
        evaluations.append(evaluate(of_one, resamples))
    differences = tuple(subtract(other, answers[0], resamples) for other in answers[1:])
    return ModelComparison(cases, tuple(checkpoints), tuple(evaluations), differences, len(resamples))


def subtract(answers: Predictions, first: Predictions, resamples: Resamples) -> Difference:
    """Hold a model against the first, both in the same resamples."""
    one, other = score(answers), score(first)
    drawn, drawn_first = resampled_metrics(answers, resamples), resampled_metrics(first, resamples)
    return Difference(
        title=answers.title,
        against=first.title,
        auc=_paired(one.auc - other.auc, drawn.auc - drawn_first.auc),
        balanced_accuracy=_paired(
            one.balanced_accuracy - other.balanced_accuracy, drawn.balanced_accuracy - drawn_first.balanced_accuracy
        ),
    )


def _check_classes(checkpoints: Sequence[Checkpoint]) -> None:
    if not checkpoints:
        raise ValueError("There is no model to judge.")
    first = checkpoints[0]
    for checkpoint in checkpoints[1:]:
        if set(checkpoint.classes) != set(first.classes):
            raise EvaluationError(
                f"{checkpoint.path or checkpoint.name} tells {', '.join(checkpoint.classes)} apart, but "
                f"{first.path or first.name} {', '.join(first.classes)}. Compare models of the same classes."
            )


def _paired(value: float, drawn: Floats) -> PairedDifference:
    told = drawn[np.isfinite(drawn)]
    if np.isnan(value) or not len(told):
        return PairedDifference(estimate(value, drawn), np.nan)
    signs = np.sign(told.round(ROUNDING_DIGITS))
    beyond = min(int((signs <= 0).sum()), int((signs >= 0).sum()))
    p = min(1.0, 2 * (beyond + 1) / (len(told) + 1))  # Davison and Hinkley 1997, eq. 4.11: never 0
    return PairedDifference(estimate(value, drawn), p)
