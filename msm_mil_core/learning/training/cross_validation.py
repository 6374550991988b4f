"""How several models do, each on the bags of its fold that it was not trained on."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.dataset.columns import Part
from msm_mil_core.learning.dataset.folds import Fold
from msm_mil_core.learning.dataset.splits import split_bags
from msm_mil_core.learning.evaluation.bootstrap import draw_resamples
from msm_mil_core.learning.evaluation.evaluate import Evaluation, evaluate, evaluate_model
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.progress import Progress

AVERAGED = ("auc", "balanced_accuracy", "log_loss")
"""The metrics that means over models are taken of."""


@dataclass(frozen=True, slots=True, eq=False)
class FoldModel:
    """One of several models."""

    fold: Fold
    seed: int
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True, eq=False)
class FoldEvaluation:
    """How one of several models does on bags that it was not trained on."""

    model: FoldModel
    part: Part
    """The test part; the validation part where nothing is held out."""
    bags: BagDataset
    """Those of that part."""
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class MeanAndSd:
    """A metric over several models."""

    mean: float
    sd: float
    """Sample standard deviation; NaN of one model."""


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidation:
    """How several models do, one by one and together."""

    folds: tuple[FoldEvaluation, ...]
    """In the order of the models."""
    averages: Mapping[str, MeanAndSd]
    """By metric, over folds and seeds."""
    pooled: Mapping[int, Evaluation]
    """By seed: the predictions of its folds' models together, one a bag."""


def cross_validate(
    models: Sequence[FoldModel], options: TrainOptions, device: str
) -> Generator[Progress, None, CrossValidation]:
    """Evaluate each model on the bags of its fold, and pool the predictions of each seed.

    Raises
    ------
    FeatureFileError, TrainingError
        If a bag cannot be read or used.
    DeviceError
        If this machine does not have the device, or it fails.
    """
    folds = []
    for model in models:
        split = split_bags(model.fold.bags, options.split)
        part: Part = "test" if len(split.part("test")) else "val"
        bags = split.part(part)
        evaluation = yield from evaluate_model(model.checkpoint, bags, device=device)
        folds.append(FoldEvaluation(model, part, bags, evaluation))
    seeds = sorted({model.seed for model in models})
    return CrossValidation(
        folds=tuple(folds),
        averages={name: _average([getattr(one.evaluation.metrics, name).value for one in folds]) for name in AVERAGED},
        pooled={seed: _pool([one for one in folds if one.model.seed == seed]) for seed in seeds},
    )


def _average(values: Sequence[float]) -> MeanAndSd:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else np.nan
    return MeanAndSd(float(np.mean(values)), sd)


def _pool(folds: Sequence[FoldEvaluation]) -> Evaluation:
    predictions = [one.evaluation.predictions for one in folds]
    together = replace(
        predictions[0],
        labels=np.concatenate([of_fold.labels for of_fold in predictions]),
        probabilities=np.concatenate([of_fold.probabilities for of_fold in predictions]),
    )
    return evaluate(together, draw_resamples([patient for one in folds for patient in one.bags.patients]))
