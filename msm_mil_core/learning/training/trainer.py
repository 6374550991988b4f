"""A network in training, and the step that changes it: by the gradients of some bags, divided into batches."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.amp import GradScaler
from torch.nn.utils.rnn import pad_sequence
from torch.optim import AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR

from msm_mil_core.bags.feature_table import FeatureTable
from msm_mil_core.errors import DeviceError
from msm_mil_core.learning.dataset.bag_dataset import BagDataset, Indices
from msm_mil_core.learning.dataset.training_data import TrainingData
from msm_mil_core.learning.training.bags_per_step import bags_per_step
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.masking import stages_shown
from msm_mil_core.mil.model_options import ModelOptions, preset
from msm_mil_core.mil.network import MsmMil, loss
from msm_mil_core.precision_choice import Computed


@dataclass(frozen=True, slots=True, eq=False)
class Trainer:
    """Everything that a step of a training needs."""

    bags: BagDataset
    """All of them, split."""
    options: TrainOptions
    bags_per_step: int
    """How many go through the network at once."""
    class_weight: NDArray[np.float32]
    """(C,), of each class in the loss."""
    stages: NDArray[np.int64]
    """(B,), how many stages are shown tiles of each bag."""
    precision: Computed
    network: MsmMil
    optimiser: AdamW
    schedule: CosineAnnealingLR
    scaler: GradScaler
    """Keeps small gradients from vanishing in float16; does nothing otherwise."""

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.network.classifier.weight.device


@dataclass(frozen=True, slots=True, eq=False)
class BagBatch:
    """Bags that go through the network at once: a step's, or some of them."""

    bags: Indices
    rows: tuple[Indices | None, ...]
    """Which tiles of each, in rising order; None is all of them."""
    shares: NDArray[np.float64]
    """(3,), of the step's class weights, of those over all stages that were shown tiles, and of its bags."""

    def scaled(self, options: ModelOptions) -> ModelOptions:
        """Weigh the terms of the loss so that the batches' losses, each times its first share, sum to the step's."""
        weights, stages, bags = self.shares.tolist()
        of_stages = stages / weights if options.stage_loss == "mean" else 1.0  # by β, bags share as in the first term
        return options.replace(
            lambda_s=options.lambda_s * of_stages,
            lambda_beta=options.lambda_beta * bags / weights,
            lambda_c=options.lambda_c * bags / weights,
        )


def build_trainer(data: TrainingData, options: TrainOptions, device: torch.device) -> Trainer:
    """Return a trainer whose network has its first weights, drawn from the seed."""
    bags, statistics = data.bags, data.statistics
    class_weight = _class_weight(bags, balance=options.balance)
    tiles = torch.tensor([min(table.tiles, options.tiles_per_bag or table.tiles) for table in bags.tables])
    model_options = preset(options.preset, len(statistics.mean), len(bags.classes)).replace(**options.model.given)
    with seeded(options.seed):
        network = MsmMil(model_options)
    if model_options.standardise:
        network.standardise_by(torch.from_numpy(statistics.mean), torch.from_numpy(statistics.std))
    network = network.to(device)
    precision = choose_training_precision(options.precision, device.type, has_bfloat16=_has_bfloat16(device))
    optimiser = AdamW(network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    return Trainer(
        bags=bags,
        options=options,
        bags_per_step=bags_per_step(options, bags),
        class_weight=class_weight,
        stages=stages_shown(tiles, model_options).numpy(),
        precision=precision,
        network=network,
        optimiser=optimiser,
        schedule=CosineAnnealingLR(optimiser, options.epochs),
        scaler=GradScaler(device.type, enabled=precision == "float16" and device.type == "cuda"),
    )


def choose_training_precision(requested: str, device: str, *, has_bfloat16: bool) -> Computed:
    """Return in what a device of this type computes: "auto" is bfloat16 on a CUDA device that has it, else float32."""
    chosen: dict[str, Computed] = {"float32": "float32", "bfloat16": "bfloat16", "float16": "float16"}
    automatic: Computed = "bfloat16" if device == "cuda" and has_bfloat16 else "float32"
    return chosen.get(requested, automatic)


def _has_bfloat16(device: torch.device) -> bool:
    """Return whether a CUDA device multiplies bfloat16 itself, as those since Ampere do."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


def _class_weight(bags: BagDataset, *, balance: bool) -> NDArray[np.float32]:
    labels = bags.part("train").labels
    counts = np.bincount(labels, minlength=len(bags.classes))
    weight = len(labels) / (len(counts) * counts) if balance else np.ones(len(counts))
    return weight.astype(np.float32)


def take_step(trainer: Trainer, chosen: Indices, rng: np.random.Generator) -> float:
    """Change the network by the gradients of the chosen bags together, and return their loss.

    Raises
    ------
    FeatureFileError
        If features cannot be read.
    DeviceError
        If the device fails.
    """
    seed, total = int(rng.integers(2**31)), 0.0  # all that dropout draws comes from the seed
    batches = _draw_batches(trainer, chosen, rng)
    trainer.network.train()
    trainer.optimiser.zero_grad()
    with seeded(seed), torch_errors(trainer.device):
        for batch in batches:
            loss_value = _loss(trainer, batch)
            trainer.scaler.scale(loss_value).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            total += loss_value.item()
    trainer.scaler.step(trainer.optimiser)
    trainer.scaler.update()
    return total


def _draw_batches(trainer: Trainer, chosen: Indices, rng: np.random.Generator) -> tuple[BagBatch, ...]:
    """Draw the tiles of a step's bags, and divide the bags into batches, each with its shares of the step."""
    most, at_once = trainer.options.tiles_per_bag, trainer.bags_per_step
    rows = [_draw_rows(trainer.bags.tables[index].tiles, most, rng) for index in chosen]
    parts = [slice(start, start + at_once) for start in range(0, len(chosen), at_once)]
    weight = trainer.class_weight[trainer.bags.labels[chosen]].astype(np.float64)
    terms = np.stack([weight, weight * trainer.stages[chosen], np.ones(len(weight))])  # (3, b)
    whole = terms.sum(1)
    return tuple(BagBatch(chosen[part], tuple(rows[part]), terms[:, part].sum(1) / whole) for part in parts)


def _draw_rows(tiles: int, most: int | None, rng: np.random.Generator) -> Indices | None:
    return None if most is None or tiles <= most else np.sort(rng.permutation(tiles)[:most])


def _loss(trainer: Trainer, batch: BagBatch) -> Tensor:
    network, bags, device = trainer.network, trainer.bags, trainer.device
    half = trainer.precision == "float16"
    tiles = [
        _tiles(bags.tables[bag], rows, device, half=half) for bag, rows in zip(batch.bags, batch.rows, strict=True)
    ]
    valid = None
    if len(tiles) > 1:
        valid = pad_sequence([torch.ones(len(bag), dtype=torch.bool, device=device) for bag in tiles], batch_first=True)
    padded = tiles[0][None] if valid is None else pad_sequence(tiles, batch_first=True)  # (B, N, P)
    with torch.autocast(device.type, getattr(torch, trainer.precision), enabled=trainer.precision != "float32"):
        output = network(padded, valid)
    labels = torch.from_numpy(bags.labels[batch.bags]).to(device)
    class_weight, weighed = torch.from_numpy(trainer.class_weight).to(device), batch.scaled(network.options)
    return loss(output, labels, weighed, class_weight) * float(batch.shares[0])


def _tiles(table: FeatureTable, rows: Indices | None, device: torch.device, *, half: bool) -> Tensor:
    """Read tiles; those stored in half precision go to the device so, and stay so if that is what computes."""
    read = torch.from_numpy(np.require(table.read(rows), None, ["C", "W"])).to(device)
    return read if half and read.dtype == torch.float16 else read.float()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw all of torch's random numbers from this seed, and leave its generators as they were."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


@contextmanager
def torch_errors(device: torch.device) -> Iterator[None]:
    """Turn torch's errors, lack of memory among them, into a `DeviceError`."""
    try:
        yield
    except RuntimeError as exc:
        raise DeviceError(
            f"The device {device} failed in training: {exc}. "
            "Choose fewer bags per step, fewer tiles per bag, or the device cpu."
        ) from exc
