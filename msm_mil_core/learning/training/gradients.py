"""Gradients of the loss on some bags, added up on one device."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from msm_mil_core.bags.feature_table import FeatureTable
from msm_mil_core.errors import DeviceError
from msm_mil_core.learning.training.batches import Batch
from msm_mil_core.mil.network import MsmMil, loss
from msm_mil_core.precision import Computed


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """What gradients are made of beside the network; the features stay in their files."""

    tables: tuple[FeatureTable, ...]
    """One for each of the B bags."""
    labels: NDArray[np.int64]
    """(B,)."""
    class_weight: NDArray[np.float32]
    """(C,)."""
    precision: Computed


def add_gradients(
    network: MsmMil, data: TrainingData, batches: Sequence[Batch], seed: int, scaled: Callable[[Tensor], Tensor]
) -> float:
    """Add the gradients of some batches to those that the network holds, and return their share of the step's loss.

    Parameters
    ----------
    seed
        All that dropout draws comes from it.
    scaled
        What is done to a loss before its gradients are taken, as float16 needs it.

    Raises
    ------
    FeatureFileError
        If features cannot be read.
    DeviceError
        If the device fails.
    """
    device, total = network.classifier.weight.device, 0.0
    network.train()
    with seeded(seed), torch_errors(device):
        for batch in batches:
            loss_value = _loss(network, data, batch)
            scaled(loss_value).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            total += loss_value.item()
    return total


def choose_training_precision(wish: str, device: str, *, has_bfloat16: bool) -> Computed:
    """Return in what a device of this type computes: "auto" is bfloat16 on a CUDA device that has it, else float32."""
    chosen: dict[str, Computed] = {"float32": "float32", "bfloat16": "bfloat16", "float16": "float16"}
    automatic: Computed = "bfloat16" if device == "cuda" and has_bfloat16 else "float32"
    return chosen.get(wish, automatic)


def has_bfloat16(device: torch.device) -> bool:
    """Tell whether a CUDA device multiplies bfloat16 itself, as those since Ampere do."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw all of torch's random numbers from this seed, and leave its generators as they were."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


@contextmanager
def torch_errors(device: torch.device) -> Iterator[None]:
    """Make a sentence of torch's errors, a lack of memory among them."""
    try:
        yield
    except RuntimeError as exc:
        raise DeviceError(
            f"The device {device} failed in training: {exc}. "
            "Choose fewer bags per step, fewer tiles per bag, or the device cpu."
        ) from exc


def _loss(network: MsmMil, data: TrainingData, batch: Batch) -> Tensor:
    device = network.classifier.weight.device
    half = data.precision == "float16"
    tiles = [
        _tiles(data.tables[bag], rows, device, half=half) for bag, rows in zip(batch.bags, batch.rows, strict=True)
    ]
    valid = None
    if len(tiles) > 1:
        valid = pad_sequence([torch.ones(len(bag), dtype=torch.bool, device=device) for bag in tiles], batch_first=True)
    padded = tiles[0][None] if valid is None else pad_sequence(tiles, batch_first=True)  # (B, N, P)
    with torch.autocast(device.type, getattr(torch, data.precision), enabled=data.precision != "float32"):
        output = network(padded, valid)
    labels = torch.from_numpy(data.labels[batch.bags]).to(device)
    class_weight = torch.from_numpy(data.class_weight).to(device)
    return loss(output, labels, batch.scaled(network.options), class_weight) * batch.shares[0]


def _tiles(table: FeatureTable, rows: NDArray[np.int64] | None, device: torch.device, *, half: bool) -> Tensor:
    """Read tiles; what is kept in half precision goes to the device so, and stays so if that is what computes."""
    read = torch.from_numpy(np.require(table.read(rows), None, ["C", "W"])).to(device)
    return read if half and read.dtype == torch.float16 else read.float()
