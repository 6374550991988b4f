"""Training: labelled bags become a model, and the epoch that suits the validation bags best is kept."""

import math
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from torch.optim import AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR

from msm_mil_core.devices import choose_device
from msm_mil_core.errors import DeviceError, TrainingError
from msm_mil_core.learning.bagset import BagSet
from msm_mil_core.learning.evaluate import answer
from msm_mil_core.learning.options import TrainOptions
from msm_mil_core.learning.record import record_of
from msm_mil_core.learning.splits import Indices, Split, split_bags
from msm_mil_core.learning.standing import Epoch, Learner, Standing, identity_of, keep_standing, take_up
from msm_mil_core.mil.checkpoints import Checkpoint
from msm_mil_core.mil.network import MsmMil, loss
from msm_mil_core.progress import Progress

ANSWERING = ("classifier.weight", "classifier.bias")
MOST_LOG_TEMPERATURE = 3.0

Array = NDArray[np.float32]


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
    device, tiles = choose_device(options.device), _tiles_of(bags, options)
    split = split_bags(bags, options.split)
    mean, std = yield from _moments(bags, split)
    with _seeded(options.seed):
        network = MsmMil(options.model_options(len(mean), len(bags.classes)))
    if network.options.standardise:
        network.standardise_by(mean, std)
    course = _course(network.to(device), bags, split, options)
    standing = yield from _learnt(course, keep)
    best = standing.epochs[standing.best - 1]
    state = _calibrated(standing.best_weights, best.temperature)
    network.load_state_dict({name: torch.from_numpy(weight) for name, weight in state.items()})
    return Checkpoint(
        name=options.name,
        options=network.options,
        classes=bags.classes,
        encoder=tiles.encoder,
        encoder_sha256=bags.origin.encoder_sha256,
        side_px=tiles.side_px,
        mpp=tiles.mpp,
        record=record_of(network, bags, split, options) | {"best_epoch": best.number, "temperature": best.temperature},
        state=state,
    )


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


def _moments(bags: BagSet, split: Split) -> Generator[Progress, None, tuple[Tensor, Tensor]]:
    """Read every bag once, so that a bad one is told before it is learnt; mean and deviation of training tiles."""
    width = bags.features(0).shape[1]
    count, total, squares = 0, np.zeros(width), np.zeros(width)
    for index in range(len(bags)):
        yield Progress("Checking bags", index, len(bags), "bags")
        features = bags.require_width(index, width)
        if index in split.train:
            count += len(features)
            total += features.sum(0, dtype=np.float64)
            squares += np.square(features, dtype=np.float64).sum(0)
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 0))
    return torch.from_numpy(mean).float(), torch.from_numpy(std).float()


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """What stays the same from step to step."""

    learner: Learner
    bags: BagSet
    split: Split
    options: TrainOptions
    class_weight: Tensor
    """(C,)."""

    @property
    def network(self) -> MsmMil:
        return self.learner.network


def _learnt(course: _Course, keep: Path | None) -> Generator[Progress, None, Standing]:
    identity = identity_of(course.bags, course.options)
    standing = Standing() if keep is None else take_up(course.learner, identity, keep)
    while not standing.ended(course.options):
        epoch = yield from _epoch(course, len(standing.epochs) + 1)
        standing = standing.after(epoch, course.network)
        if keep is not None:
            keep_standing(standing, course.learner, identity, keep)
    if not standing.best:
        raise TrainingError("The loss is no number from the first epoch on. Choose a smaller learning rate.")
    return standing


def _epoch(course: _Course, number: int) -> Generator[Progress, None, Epoch]:
    rate = course.learner.optimiser.param_groups[0]["lr"]
    train_loss = yield from _learn(course, number)
    course.learner.schedule.step()
    val_loss, temperature = _calibrated_val_loss(course)
    return Epoch(number, rate, train_loss, val_loss, temperature)


def _calibrated(weights: Mapping[str, Array], temperature: float) -> dict[str, Array]:
    """Divide the answer's logits by the temperature: attention, ranks and stages stay as they are."""
    return {**weights, **{name: weights[name] / np.float32(temperature) for name in ANSWERING}}


def _course(network: MsmMil, bags: BagSet, split: Split, options: TrainOptions) -> _Course:
    optimiser = AdamW(network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    counts = np.bincount(bags.labels[split.train], minlength=len(bags.classes))
    weight = len(split.train) / (len(counts) * counts) if options.balance else np.ones(len(counts))
    class_weight = torch.from_numpy(weight).float().to(_device_of(network))
    learner = Learner(network, optimiser, CosineAnnealingLR(optimiser, options.epochs))
    return _Course(learner, bags, split, options, class_weight)


def _learn(course: _Course, number: int) -> Generator[Progress, None, float]:
    """Pass once over the training bags, in an order that depends on the seed and the epoch alone; the mean loss."""
    drawer = np.random.default_rng((course.options.seed, number))
    order, at_once = drawer.permutation(course.split.train), course.options.bags_per_step
    done, total = (number - 1) * len(order), course.options.epochs * len(order)
    losses = []
    for start in range(0, len(order), at_once):
        yield Progress("Training", done + start, total, "bags")
        with _seeded(int(drawer.integers(2**31))), _torch_errors(course):
            losses.append(_step(course, order[start : start + at_once], drawer))
    return float(np.mean(losses))


def _step(course: _Course, chosen: Indices, drawer: np.random.Generator) -> float:
    device = _device_of(course.network)
    tiles = [_drawn(course.bags.features(index), course.options.tiles_per_bag, drawer) for index in chosen]
    valid = pad_sequence([torch.ones(len(bag), dtype=torch.bool) for bag in tiles], batch_first=True)  # (B, N)
    output = course.network.train()(pad_sequence(tiles, batch_first=True).to(device), valid.to(device))
    labels = torch.from_numpy(course.bags.labels[chosen]).to(device)
    course.learner.optimiser.zero_grad()
    wrong = loss(output, labels, course.network.options, course.class_weight)
    wrong.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    course.learner.optimiser.step()
    return wrong.item()


def _drawn(features: Array, most: int | None, drawer: np.random.Generator) -> Tensor:
    if most is not None and len(features) > most:
        features = features[np.sort(drawer.permutation(len(features))[:most])]
    return torch.from_numpy(np.require(features, np.float32, ["C", "W"]))


def _calibrated_val_loss(course: _Course) -> tuple[float, float]:
    """Return the loss on the validation bags at the temperature that suits them best, and that temperature.

    Guo C. et al., On calibration of modern neural networks, ICML 2017, section 4.2. Never below 1: few validation
    bags, all told apart, would make the answers ever surer.
    """
    with _torch_errors(course):
        logits = torch.from_numpy(answer(course.network, course.bags, course.split.val))
    labels = torch.from_numpy(course.bags.labels[course.split.val])
    weight = course.class_weight.cpu()

    def loss_at(temperature: float) -> float:
        return float(functional.cross_entropy(logits / temperature, labels, weight=weight))

    found = minimize_scalar(lambda log: loss_at(math.exp(log)), bounds=(0, MOST_LOG_TEMPERATURE), method="bounded")
    temperature = min((1.0, math.exp(found.x)), key=loss_at)
    return loss_at(temperature), temperature


def _device_of(network: MsmMil) -> torch.device:
    return network.classifier.weight.device


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Draw all of torch's random numbers from this seed, and leave its generators as they were."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


@contextmanager
def _torch_errors(course: _Course) -> Iterator[None]:
    try:
        yield
    except RuntimeError as exc:  # torch's word for a lack of memory too
        raise DeviceError(
            f"The device {_device_of(course.network)} failed in training: {exc}. "
            "Choose fewer bags per step, fewer tiles per bag, or the device cpu."
        ) from exc
