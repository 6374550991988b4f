"""How several models do, each on the bags of its fold that it has not seen."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.devices import choose_devices
from msm_mil_core.learning.dataset.folds import Fold
from msm_mil_core.learning.dataset.labels import Part
from msm_mil_core.learning.dataset.splits import Indices, split_bags
from msm_mil_core.learning.evaluation.evaluate import Figures, answer, measure
from msm_mil_core.learning.training.gradients import torch_errors
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.checkpoint import Checkpoint
from msm_mil_core.mil.network import network_with
from msm_mil_core.progress import Progress

MEASURED = ("auc", "balanced_accuracy", "log_loss")
"""The figures that means over models are taken of."""


@dataclass(frozen=True, slots=True, eq=False)
class FoldModel:
    """One of several models."""

    fold: Fold
    seed: int
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What a model says of the bags that it has not seen."""

    model: FoldModel
    part: Part
    """The test part; the validation part where nothing is held out."""
    chosen: Indices
    """Those bags."""
    logits: NDArray[np.float32]
    """(B, C)."""
    figures: Figures


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over several models."""

    mean: float
    sd: float
    """Sample standard deviation; NaN of one model."""


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidation:
    """How several models do, one by one and together."""

    judged: tuple[Judged, ...]
    """In the order of the models."""
    spreads: Mapping[str, Spread]
    """By figure, over folds and seeds."""
    pooled: Mapping[int, Figures]
    """By seed: the answers of its folds' models together, one a bag."""


def cross_validate(models: Sequence[FoldModel], options: TrainOptions) -> Generator[Progress, None, CrossValidation]:
    """Ask each model about the bags of its fold, and pool the answers of each seed.

    Raises
    ------
    FeatureFileError
        If a feature file cannot be read.
    DeviceError
        If this machine does not have the device, or it fails.
    """
    judged = []
    for done, model in enumerate(models):
        yield Progress("Judging models", done, len(models), "models")
        judged.append(_judge(model, options))
    return CrossValidation(
        judged=tuple(judged),
        spreads={name: _spread([getattr(one.figures, name) for one in judged]) for name in MEASURED},
        pooled={seed: _pool([one for one in judged if one.model.seed == seed]) for seed in _seeds(models)},
    )


def _judge(model: FoldModel, options: TrainOptions) -> Judged:
    bags, split = model.fold.bags, split_bags(model.fold.bags, options.split)
    part: Part = "test" if len(split.test) else "val"
    chosen = split.test if len(split.test) else split.val
    device = choose_devices(options.device)[0]
    with torch_errors(device):
        network = network_with(model.checkpoint.options, model.checkpoint.state).to(device)
        logits = answer(network, bags, chosen)
    figures = measure(bags.labels[chosen], logits, [bags.patients[index] for index in chosen])
    return Judged(model, part, chosen, logits, figures)


def _spread(values: Sequence[float]) -> Spread:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else np.nan
    return Spread(float(np.mean(values)), sd)


def _seeds(models: Sequence[FoldModel]) -> list[int]:
    return sorted({model.seed for model in models})


def _pool(judged: Sequence[Judged]) -> Figures:
    bags = judged[0].model.fold.bags  # all folds have the same, parted otherwise
    chosen = np.concatenate([one.chosen for one in judged])
    logits = np.concatenate([one.logits for one in judged])
    return measure(bags.labels[chosen], logits, [bags.patients[index] for index in chosen])
