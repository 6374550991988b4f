"""Training: labelled bags become a model, and the epoch that suits the validation bags best is kept."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.amp import GradScaler
from torch.optim import AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR

from msm_mil_core.devices import choose_devices
from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.dataset.splits import Indices, Split, split_bags
from msm_mil_core.learning.evaluation.evaluate import answer
from msm_mil_core.learning.training.batches import draw_tiles, part_step, stages_shown, weigh
from msm_mil_core.learning.training.data_parallel import Crew, assemble
from msm_mil_core.learning.training.feature_statistics import FeatureStatistics, compute_feature_statistics
from msm_mil_core.learning.training.gradients import (
    TrainingData,
    choose_training_precision,
    has_bfloat16,
    seeded,
    torch_errors,
)
from msm_mil_core.learning.training.record import record_of
from msm_mil_core.learning.training.state import Epoch, Learner, TrainingState, identity_of, restore_state, save_state
from msm_mil_core.learning.training.temperature_scaling import Temperature, calibrated, fit_temperature
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.checkpoint import Checkpoint
from msm_mil_core.mil.network import MsmMil
from msm_mil_core.progress import Progress


def train(bags: BagDataset, options: TrainOptions, keep: Path | None = None) -> Generator[Progress, None, Checkpoint]:
    """Train a model on labelled bags; may be dropped between two yields, and then nothing half-written is left.

    Parameters
    ----------
    keep
        A file that keeps where the training stands after each epoch. If it is there already, the training goes on from
        it, and on a CPU comes to the same model as if it had never stopped. None keeps nothing.

    Raises
    ------
    TrainingError
        If the bags cannot be split, one of them cannot be used, or `keep` is of another training.
    FeatureFileError
        If a feature file cannot be read.
    DeviceError
        If this machine does not have the device, or it fails.
    """
    devices, tiles = _devices(options), _tiles_of(bags, options)
    split = split_bags(bags, options.split)
    statistics = yield from compute_feature_statistics(bags, split)
    network = _fresh_network(statistics, options, len(bags.classes)).to(devices[0])
    context = _training_context(network, statistics, bags, split, options, devices)
    state = yield from _learnt(context, keep)
    best = state.epochs[state.best - 1]
    weights = calibrated(state.best_weights, best.temperature)
    network.load_state_dict({name: torch.from_numpy(weight) for name, weight in weights.items()})
    return Checkpoint(
        name=options.name,
        options=network.options,
        classes=bags.classes,
        encoder=tiles.encoder,
        encoder_sha256=bags.origin.encoder_sha256,
        side_px=tiles.side_px,
        mpp=tiles.mpp,
        record=record_of(network, bags, split, options)
        | {"best_epoch": best.number, "temperature": best.temperature, "precision": context.data.precision},
        state=weights,
    )


def _devices(options: TrainOptions) -> tuple[torch.device, ...]:
    devices = choose_devices(options.device)
    if options.bags_per_step < len(devices):
        raise TrainingError(
            f"{len(devices)} devices share the bags of a step, but there is {options.bags_per_step} in each. "
            f"Choose --bags-per-step {len(devices)} or more, or one device."
        )
    return devices


@dataclass(frozen=True, slots=True)
class _Tiles:
    """How the tiles were made, known in full."""

    encoder: str
    side_px: int
    mpp: float


def _tiles_of(bags: BagDataset, options: TrainOptions) -> _Tiles:
    encoder = options.encoder or bags.origin.encoder
    side_px = options.side_px or bags.origin.side_px
    mpp = options.mpp or bags.origin.mpp
    if encoder is None or side_px is None or mpp is None:
        known = {"encoder": encoder, "side-px": side_px, "mpp": mpp}
        lacking = " and ".join(f"--{name}" for name, value in known.items() if value is None)
        raise TrainingError(
            f"The feature files do not tell how their tiles were made. Say it with {lacking}: "
            "the model can be used on tiles like these only."
        )
    return _Tiles(encoder, side_px, mpp)


def _fresh_network(statistics: FeatureStatistics, options: TrainOptions, classes: int) -> MsmMil:
    with seeded(options.seed):
        network = MsmMil(options.model_options(len(statistics.mean), classes))
    if network.options.standardise:
        network.standardise_by(statistics.mean, statistics.std)
    return network


@dataclass(frozen=True, slots=True, eq=False)
class _TrainingContext:
    """What stays the same from step to step."""

    learner: Learner
    bags: BagDataset
    split: Split
    options: TrainOptions
    data: TrainingData
    devices: tuple[torch.device, ...]
    """The learner is on the first."""
    sums: tuple[NDArray[np.float64], ...]
    """(B,) each, what the shares of a step are of, as `weigh` takes them; none where no step is parted."""

    @property
    def network(self) -> MsmMil:
        return self.learner.network

    @property
    def tiles(self) -> list[int]:
        return [table.tiles for table in self.data.tables]


def _training_context(
    network: MsmMil,
    statistics: FeatureStatistics,
    bags: BagDataset,
    split: Split,
    options: TrainOptions,
    devices: tuple[torch.device, ...],
) -> _TrainingContext:
    device = devices[0]
    precision = choose_training_precision(options.precision, device.type, has_bfloat16=has_bfloat16(device))
    data = TrainingData(statistics.tables, bags.labels, _class_weight(bags, split, options), precision)
    optimiser = AdamW(network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    scaler = GradScaler(device.type, enabled=precision == "float16" and device.type == "cuda")
    learner = Learner(network, optimiser, CosineAnnealingLR(optimiser, options.epochs), scaler)
    parted = options.accumulate * len(devices) > 1
    sums = _sums(data, network, options) if parted else ()
    return _TrainingContext(learner, bags, split, options, data, devices, sums)


def _class_weight(bags: BagDataset, split: Split, options: TrainOptions) -> NDArray[np.float32]:
    counts = np.bincount(bags.labels[split.train], minlength=len(bags.classes))
    weight = len(split.train) / (len(counts) * counts) if options.balance else np.ones(len(counts))
    return weight.astype(np.float32)


def _sums(data: TrainingData, network: MsmMil, options: TrainOptions) -> tuple[NDArray[np.float64], ...]:
    most = options.tiles_per_bag or max(table.tiles for table in data.tables)
    stages = [stages_shown(min(table.tiles, most), network.options) for table in data.tables]
    weight = data.class_weight[data.labels].astype(np.float64)
    return weight, weight * stages, np.ones(len(weight))


def _learnt(context: _TrainingContext, keep: Path | None) -> Generator[Progress, None, TrainingState]:
    identity = identity_of(context.bags, context.options)
    state = TrainingState() if keep is None else restore_state(context.learner, identity, keep)
    with assemble(context.learner, context.data, context.devices) as crew:
        while not state.ended(context.options):
            epoch = yield from _epoch(context, crew, len(state.epochs) + 1)
            state = state.after(epoch, context.network)
            if keep is not None:
                save_state(state, context.learner, identity, keep)
    if not state.best:
        raise TrainingError("The loss is no number from the first epoch on. Choose a smaller learning rate.")
    return state


def _epoch(context: _TrainingContext, crew: Crew, number: int) -> Generator[Progress, None, Epoch]:
    rate = context.learner.optimiser.param_groups[0]["lr"]
    train_loss = yield from _learn(context, crew, number)
    context.learner.schedule.step()
    val = _judged(context)
    return Epoch(number, rate, train_loss, val.loss, val.value)


def _learn(context: _TrainingContext, crew: Crew, number: int) -> Generator[Progress, None, float]:
    """Pass once over the training bags, in an order that depends on the seed and the epoch alone; the mean loss."""
    options, rng = context.options, np.random.default_rng((context.options.seed, number))
    order, at_once = rng.permutation(context.split.train), options.bags_per_step * options.accumulate
    done, total = (number - 1) * len(order), options.epochs * len(order)
    losses = []
    for start in range(0, len(order), at_once):
        yield Progress("Training", done + start, total, "bags")
        losses.append(_step(context, crew, order[start : start + at_once], rng))
    return float(np.mean(losses))


def _step(context: _TrainingContext, crew: Crew, chosen: Indices, rng: np.random.Generator) -> float:
    learner, seed = context.learner, int(rng.integers(2**31))
    step = draw_tiles(chosen, context.tiles, context.options.tiles_per_bag, rng)
    parts = weigh(step, part_step(step, context.options, crew.devices), context.sums)
    learner.optimiser.zero_grad()
    loss_value = crew.add_gradients(parts, seed)
    learner.scaler.step(learner.optimiser)
    learner.scaler.update()
    return loss_value


def _judged(context: _TrainingContext) -> Temperature:
    """Ask the network about the validation bags, and find the temperature that suits its answers."""
    with torch_errors(context.network.classifier.weight.device):
        logits = answer(context.network, context.bags, context.split.val)
    return fit_temperature(logits, context.bags.labels[context.split.val], context.data.class_weight)
