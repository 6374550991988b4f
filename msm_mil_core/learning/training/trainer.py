"""A network in training: the bags it learns from, and what changes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.amp import GradScaler
from torch.optim import AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR

from msm_mil_core.errors import DeviceError
from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.dataset.splits import Split
from msm_mil_core.learning.training.feature_statistics import FeatureStatistics
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.network import MsmMil
from msm_mil_core.precision import Computed


@dataclass(frozen=True, slots=True, eq=False)
class Trainer:
    """Everything that a step of a training needs."""

    bags: BagDataset
    split: Split
    options: TrainOptions
    class_weight: NDArray[np.float32]
    """(C,), of each class in the loss."""
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


def build_trainer(
    bags: BagDataset, split: Split, options: TrainOptions, statistics: FeatureStatistics, device: torch.device
) -> Trainer:
    """Return a trainer whose network has its first weights, drawn from the seed."""
    model_options = options.model_options(len(statistics.mean), len(bags.classes))
    with seeded(options.seed):
        network = MsmMil(model_options)
    if network.options.standardise:
        network.standardise_by(statistics.mean, statistics.std)
    network = network.to(device)
    precision = choose_training_precision(options.precision, device.type, has_bfloat16=_has_bfloat16(device))
    optimiser = AdamW(network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    return Trainer(
        bags=bags,
        split=split,
        options=options,
        class_weight=_class_weight(bags, split, options),
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


def _class_weight(bags: BagDataset, split: Split, options: TrainOptions) -> NDArray[np.float32]:
    counts = np.bincount(bags.labels[split.train], minlength=len(bags.classes))
    weight = len(split.train) / (len(counts) * counts) if options.balance else np.ones(len(counts))
    return weight.astype(np.float32)


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
