"""Training: labelled bags become a model, that of the epoch with the lowest validation loss."""

from collections.abc import Generator
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from pydantic import JsonValue

from msm_mil_core import __version__
from msm_mil_core.devices import choose_devices
from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.dataset.columns import Part
from msm_mil_core.learning.dataset.splits import split_bags
from msm_mil_core.learning.dataset.training_data import TrainingData, read_training_data
from msm_mil_core.learning.training.bags_per_step import resolved
from msm_mil_core.learning.training.state import Epoch, TrainingState, identity_of, restore_state, save_state
from msm_mil_core.learning.training.temperature_scaling import calibrated, fit_temperature
from msm_mil_core.learning.training.train_options import WITHOUT_EFFECT, TrainOptions
from msm_mil_core.learning.training.trainer import Trainer, build_trainer, take_step, torch_errors
from msm_mil_core.learning.training.training_tissue import fit_training_tissue
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.progress import Progress


def train(bags: BagDataset, options: TrainOptions, keep: Path | None = None) -> Generator[Progress, None, Checkpoint]:
    """Train a model on labelled bags; may be dropped between two yields, and then nothing half-written is left.

    Parameters
    ----------
    keep
        A file that stores the state of the training after each epoch. If it already exists, the training continues
        from it, and on a CPU gives the same model as if it had never stopped. None stores nothing.

    Raises
    ------
    TrainingError
        If the bags cannot be split, one of them cannot be used, several devices are named, the negative class is none
        of the bags', or `keep` is of another training.
    FeatureFileError
        If a feature file cannot be read.
    DeviceError
        If this machine does not have the device, or it fails.
    """
    training_device(options.device)  # what cannot be trained is said before anything is read
    tile_origin(bags, options)
    _check_negative(bags, options)
    data = yield from read_training_data(split_bags(bags, options.split), options.keep_gib)
    return (yield from train_on(data, options, keep))


def train_on(
    data: TrainingData, options: TrainOptions, keep: Path | None = None, *, with_tissue: bool = True
) -> Generator[Progress, None, Checkpoint]:
    """Train a model as `train` does, on bags that have been split and read.

    Without `with_tissue` it cannot tell whether other tissue is like what it learnt: it is not to be kept.
    """
    bags, device, options = data.bags, training_device(options.device), resolved(options, data.bags)
    encoder, side_px, mpp = tile_origin(bags, options)
    trainer = build_trainer(data, options, device)
    state = yield from _run_epochs(trainer, keep)
    best = state.epochs[state.best - 1]
    tissue = (yield from fit_training_tissue(data, options.seed)) if with_tissue else None
    facts = {"best_epoch": best.number, "temperature": best.temperature, "precision": trainer.precision}
    return Checkpoint(
        name=options.name,
        options=trainer.network.options,
        classes=bags.classes,
        encoder=encoder,
        encoder_sha256=bags.origin.encoder_sha256,
        side_px=side_px,
        mpp=mpp,
        record=_record(bags, options) | facts,
        state=calibrated(state.best_weights, best.temperature),
        tissue=tissue,
    )


def training_device(requested: str) -> torch.device:
    """Return the one device of a training, chosen as `choose_devices` does.

    Raises
    ------
    TrainingError
        If several are named.
    DeviceError
        If this machine does not have it.
    """
    devices = choose_devices(requested)
    if len(devices) > 1:
        raise TrainingError(
            f"A training uses one device, but {requested} names {len(devices)}. Name one of them; or train several "
            "models, each on one of the devices at a time, with --folds or --seeds."
        )
    return devices[0]


def tile_origin(bags: BagDataset, options: TrainOptions) -> tuple[str, int, float]:
    """Return encoder, side in pixels and micrometres per pixel of the tiles, all known.

    Raises
    ------
    TrainingError
        If one of them is neither stated alike by all files nor given.
    """
    encoder = options.encoder or bags.origin.encoder
    side_px = options.side_px or bags.origin.side_px
    mpp = options.mpp or bags.origin.mpp
    if encoder is None or side_px is None or mpp is None:
        known = {"encoder": encoder, "side-px": side_px, "mpp": mpp}
        lacking = " and ".join(f"--{name}" for name, value in known.items() if value is None)
        raise TrainingError(
            "The feature files do not say how their tiles were made, or not all of them alike. "
            f"Give it with {lacking}: the model can be used on tiles like these only."
        )
    return encoder, side_px, mpp


def _check_negative(bags: BagDataset, options: TrainOptions) -> None:
    named = options.card.negative
    if named and named not in bags.classes:
        raise TrainingError(f"There is no class {named!r} to be the negative one; there are {', '.join(bags.classes)}.")


def _run_epochs(trainer: Trainer, keep: Path | None) -> Generator[Progress, None, TrainingState]:
    identity = "" if keep is None else identity_of(trainer.bags, trainer.options)
    state = TrainingState() if keep is None else restore_state(trainer, identity, keep)
    while not state.ended(trainer.options):
        epoch = yield from _run_epoch(trainer, len(state.epochs) + 1)
        state = state.after(epoch, trainer.network)
        if keep is not None:
            save_state(state, trainer, identity, keep)
    if not state.best:
        raise TrainingError("The loss is not a number from the first epoch on. Choose a smaller learning rate.")
    return state


def _run_epoch(trainer: Trainer, number: int) -> Generator[Progress, None, Epoch]:
    """Pass once over the training bags, in an order that depends on the seed and the epoch alone."""
    options, rng = trainer.options, np.random.default_rng((trainer.options.seed, number))
    order, at_once = rng.permutation(trainer.bags.indices("train")), trainer.bags_per_step * options.accumulate
    done, total = (number - 1) * len(order), options.epochs * len(order)
    learning_rate, losses = trainer.optimiser.param_groups[0]["lr"], []
    for start in range(0, len(order), at_once):
        yield Progress("Training", done + start, total, "bags")
        losses.append(take_step(trainer, order[start : start + at_once], rng))
    trainer.schedule.step()
    with torch_errors(trainer.device):
        fitted = fit_temperature(trainer.network, trainer.bags.part("val"), trainer.class_weight)
    return Epoch(number, learning_rate, float(np.mean(losses)), fitted.loss, fitted.value)


def _record(bags: BagDataset, options: TrainOptions) -> dict[str, JsonValue]:
    """Return how a model came about: its data, split and options."""
    parts = {name: bags.part(name) for name in get_args(Part)}
    return {
        **options.card.model_dump(),
        "created_by": f"napari-msm-mil {__version__}",
        "classes": {name: int((bags.labels == index).sum()) for index, name in enumerate(bags.classes)},
        "split": {name: {"bags": len(part), "patients": len(set(part.patients))} for name, part in parts.items()},
        "training": options.model_dump(mode="json", exclude={"card", "name", *WITHOUT_EFFECT}),
    }
