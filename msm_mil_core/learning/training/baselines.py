"""Simpler models, trained on the split of a finished one, to see what its stages are worth."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.dataset.columns import Part
from msm_mil_core.learning.dataset.training_data import TrainingData
from msm_mil_core.learning.evaluation.baseline_comparison import (
    ONE_STAGE,
    BaselineComparison,
    compare_with_baselines,
)
from msm_mil_core.learning.evaluation.predictions import Predictions, predict_bags
from msm_mil_core.learning.evaluation.ridge import TITLE, fit_ridge, mean_features, predict_ridge
from msm_mil_core.learning.training.model_changes import ModelChanges
from msm_mil_core.learning.training.train import train_on
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.mil.model_options import ModelOptions, Preset, preset
from msm_mil_core.progress import Progress, named

NETWORKS: dict[Preset, str] = {"abmil": ONE_STAGE, "mean": "mean of tiles"}
"""Presets that are trained beside a model, and what they are called."""
SHARED = ("hidden", "attention", "dropout", "standardise")
"""What they have of the model's shape."""


def train_baselines(
    data: TrainingData, model: Checkpoint, options: TrainOptions, folder: Path | None = None
) -> Generator[Progress, None, BaselineComparison]:
    """Train gated ABMIL, the mean of tiles and a ridge regression as the model was, and compare all on held-out bags.

    Parameters
    ----------
    data
        What the model was trained on.
    options
        How it was trained; the networks beside it are of its width, and differ in the preset alone.
    folder
        Stores the states of the trainings, so that the next call continues where one was ended; None stores nothing.

    Raises
    ------
    MsmMilError
        As `train` does.
    """
    part: Part = "test" if len(data.bags.part("test")) else "val"
    held_out, networks = data.bags.part(part), []
    for name, title in NETWORKS.items():
        if not _is_such(model.options, name):
            its = _options(name, title, model, options)
            keep = None if folder is None else baseline_state(folder, name)
            training = train_on(data, its, keep, with_tissue=False)
            networks.append((yield from named(training, f"Training {title}")))
    own, *others = yield from predict_bags(held_out, [model, *networks], device=options.device)
    titled = [replace(one, title=network.name) for one, network in zip(others, networks, strict=True)]
    ridge = yield from _ridge(data.bags, part, options)
    return compare_with_baselines(own, [*titled, ridge], held_out, part)


def baseline_state(folder: Path, name: Preset) -> Path:
    """Return the file for the state of a baseline's training."""
    return folder / f"{name}.standing.safetensors"


def _is_such(options: ModelOptions, name: Preset) -> bool:
    """Return whether a model is what a preset of one stage makes, whatever preset it started from."""
    return options.stages == 1 and options.pooling == preset(name, options.features, options.classes).pooling


def _ridge(bags: BagDataset, part: Part, options: TrainOptions) -> Generator[Progress, None, Predictions]:
    """Fit the regression to the split of the networks, and predict a part."""
    yield Progress(f"Fitting {TITLE}", 0, 1)
    train, val, held_out = (mean_features(bags.part(name)) for name in ("train", "val", part))
    return predict_ridge(fit_ridge(train, val, balance=options.balance), held_out, bags.classes)


def _options(name: Preset, title: str, model: Checkpoint, options: TrainOptions) -> TrainOptions:
    shape = ModelChanges(**{field: getattr(model.options, field) for field in SHARED})
    return options.replace(name=title, preset=name, model=shape)
