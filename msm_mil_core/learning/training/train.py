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
from msm_mil_core.learning.dataset.bag_dataset import BagSet
from msm_mil_core.learning.dataset.splits import Indices, Split, split_bags
from msm_mil_core.learning.evaluation.evaluate import answer
from msm_mil_core.learning.training.batches import draw_tiles, part_step, stages_shown, weigh
from msm_mil_core.learning.training.data_parallel import Crew, assemble
from msm_mil_core.learning.training.feature_statistics import Stock, take_stock
from msm_mil_core.learning.training.gradients import (
    Material,
    choose_training_precision,
    has_bfloat16,
    seeded,
    torch_errors,
)
from msm_mil_core.learning.training.options import TrainOptions
from msm_mil_core.learning.training.record import record_of
from msm_mil_core.learning.training.state import Epoch, Learner, Standing, identity_of, keep_standing, take_up
from msm_mil_core.learning.training.temperature_scaling import Temperature, calibrated, suit_temperature
from msm_mil_core.mil.checkpoint import Checkpoint
from msm_mil_core.mil.network import MsmMil
from msm_mil_core.progress import Progress


def train(bags: BagSet, options: TrainOptions, keep: Path | None = None) -> Generator[Progress, None, Checkpoint]:
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
    stock = yield from take_stock(bags, split)
    network = _fresh_network(stock, options, len(bags.classes)).to(devices[0])
    course = _course(network, stock, bags, split, options, devices)
    standing = yield from _learnt(course, keep)
    best = standing.epochs[standing.best - 1]
    state = calibrated(standing.best_weights, best.temperature)
    network.load_state_dict({name: torch.from_numpy(weight) for name, weight in state.items()})
    return Checkpoint(
        name=options.name,
        options=network.options,
        classes=bags.classes,
        encoder=tiles.encoder,
        encoder_sha256=bags.origin.encoder_sha256,
        side_px=tiles.side_px,
        mpp=tiles.mpp,
        record=record_of(network, bags, split, options)
        | {"best_epoch": best.number, "temperature": best.temperature, "precision": course.material.precision},
        state=state,
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


def _tiles_of(bags: BagSet, options: TrainOptions) -> _Tiles:
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


def _fresh_network(stock: Stock, options: TrainOptions, classes: int) -> MsmMil:
    with seeded(options.seed):
        network = MsmMil(options.model_options(len(stock.mean), classes))
    if network.options.standardise:
        network.standardise_by(stock.mean, stock.std)
    return network


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """What stays the same from step to step."""

    learner: Learner
    bags: BagSet
    split: Split
    options: TrainOptions
    material: Material
    devices: tuple[torch.device, ...]
    """The learner is on the first."""
    sums: tuple[NDArray[np.float64], ...]
    """(B,) each, what the shares of a step are of, as `weigh` takes them; none where no step is parted."""

    @property
    def network(self) -> MsmMil:
        return self.learner.network

    @property
    def tiles(self) -> list[int]:
        return [table.tiles for table in self.material.tables]


def _course(
    network: MsmMil,
    stock: Stock,
    bags: BagSet,
    split: Split,
    options: TrainOptions,
    devices: tuple[torch.device, ...],
) -> _Course:
    device = devices[0]
    precision = choose_training_precision(options.precision, device.type, has_bfloat16=has_bfloat16(device))
    material = Material(stock.tables, bags.labels, _class_weight(bags, split, options), precision)
    optimiser = AdamW(network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    scaler = GradScaler(device.type, enabled=precision == "float16" and device.type == "cuda")
    learner = Learner(network, optimiser, CosineAnnealingLR(optimiser, options.epochs), scaler)
    parted = options.accumulate * len(devices) > 1
    sums = _sums(material, network, options) if parted else ()
    return _Course(learner, bags, split, options, material, devices, sums)


def _class_weight(bags: BagSet, split: Split, options: TrainOptions) -> NDArray[np.float32]:
    counts = np.bincount(bags.labels[split.train], minlength=len(bags.classes))
    weight = len(split.train) / (len(counts) * counts) if options.balance else np.ones(len(counts))
    return weight.astype(np.float32)


def _sums(material: Material, network: MsmMil, options: TrainOptions) -> tuple[NDArray[np.float64], ...]:
    most = options.tiles_per_bag or max(table.tiles for table in material.tables)
    stages = [stages_shown(min(table.tiles, most), network.options) for table in material.tables]
    weight = material.class_weight[material.labels].astype(np.float64)
    return weight, weight * stages, np.ones(len(weight))


def _learnt(course: _Course, keep: Path | None) -> Generator[Progress, None, Standing]:
    identity = identity_of(course.bags, course.options)
    standing = Standing() if keep is None else take_up(course.learner, identity, keep)
    with assemble(course.learner, course.material, course.devices) as crew:
        while not standing.ended(course.options):
            epoch = yield from _epoch(course, crew, len(standing.epochs) + 1)
            standing = standing.after(epoch, course.network)
            if keep is not None:
                keep_standing(standing, course.learner, identity, keep)
    if not standing.best:
        raise TrainingError("The loss is no number from the first epoch on. Choose a smaller learning rate.")
    return standing


def _epoch(course: _Course, crew: Crew, number: int) -> Generator[Progress, None, Epoch]:
    rate = course.learner.optimiser.param_groups[0]["lr"]
    train_loss = yield from _learn(course, crew, number)
    course.learner.schedule.step()
    val = _judged(course)
    return Epoch(number, rate, train_loss, val.loss, val.value)


def _learn(course: _Course, crew: Crew, number: int) -> Generator[Progress, None, float]:
    """Pass once over the training bags, in an order that depends on the seed and the epoch alone; the mean loss."""
    options, drawer = course.options, np.random.default_rng((course.options.seed, number))
    order, at_once = drawer.permutation(course.split.train), options.bags_per_step * options.accumulate
    done, total = (number - 1) * len(order), options.epochs * len(order)
    losses = []
    for start in range(0, len(order), at_once):
        yield Progress("Training", done + start, total, "bags")
        losses.append(_step(course, crew, order[start : start + at_once], drawer))
    return float(np.mean(losses))


def _step(course: _Course, crew: Crew, chosen: Indices, drawer: np.random.Generator) -> float:
    learner, seed = course.learner, int(drawer.integers(2**31))
    step = draw_tiles(chosen, course.tiles, course.options.tiles_per_bag, drawer)
    parts = weigh(step, part_step(step, course.options, crew.devices), course.sums)
    learner.optimiser.zero_grad()
    wrong = crew.add_gradients(parts, seed)
    learner.scaler.step(learner.optimiser)
    learner.scaler.update()
    return wrong


def _judged(course: _Course) -> Temperature:
    """Ask the network about the validation bags, and find the temperature that suits its answers."""
    with torch_errors(course.network.classifier.weight.device):
        logits = answer(course.network, course.bags, course.split.val)
    return suit_temperature(logits, course.bags.labels[course.split.val], course.material.class_weight)
