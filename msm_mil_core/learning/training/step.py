"""One step of a training: its bags, divided into batches, and the change of the network by all of them together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from msm_mil_core.bags.feature_table import FeatureTable
from msm_mil_core.learning.dataset.bag_dataset import Indices
from msm_mil_core.learning.training.trainer import Trainer, seeded, torch_errors
from msm_mil_core.mil.masking import claim
from msm_mil_core.mil.model_options import ModelOptions
from msm_mil_core.mil.network import loss

WHOLE = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class BagBatch:
    """Bags that go through the network at once: a step's, or some of them."""

    bags: Indices
    rows: tuple[Indices | None, ...]
    """Which tiles of each, in rising order; None is all of them."""
    shares: tuple[float, float, float] = WHOLE
    """Of the step's class weights, of those over all stages that were shown tiles, and of its bags."""

    def scaled(self, options: ModelOptions) -> ModelOptions:
        """Weigh the terms of the loss so that the batches' losses, each times its first share, sum to the step's."""
        weights, stages, bags = self.shares
        return options.replace(
            lambda_s=options.lambda_s * stages / weights,
            lambda_beta=options.lambda_beta * bags / weights,
            lambda_d=options.lambda_d * bags / weights,
        )


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
    options, tiles = trainer.options, [trainer.bags.tables[index].tiles for index in chosen]
    rows = [_draw_rows(count, options.tiles_per_bag, rng) for count in tiles]
    parts = [slice(start, start + options.bags_per_step) for start in range(0, len(chosen), options.bags_per_step)]
    if len(parts) == 1:
        return (BagBatch(chosen, tuple(rows)),)
    terms = _terms(chosen, [min(count, options.tiles_per_bag or count) for count in tiles], trainer)
    whole = [of_bags.sum() for of_bags in terms]
    shares = [
        [float(of_bags[part].sum() / total) for of_bags, total in zip(terms, whole, strict=True)] for part in parts
    ]
    return tuple(
        BagBatch(chosen[part], tuple(rows[part]), (weights, stages, bags))
        for part, (weights, stages, bags) in zip(parts, shares, strict=True)
    )


def _draw_rows(tiles: int, most: int | None, rng: np.random.Generator) -> Indices | None:
    return None if most is None or tiles <= most else np.sort(rng.permutation(tiles)[:most])


def _terms(chosen: Indices, tiles: Sequence[int], trainer: Trainer) -> tuple[NDArray[np.float64], ...]:
    """Return what each bag adds to the sums that shares are of, (b,) each."""
    weight = trainer.class_weight[trainer.bags.labels[chosen]].astype(np.float64)
    stages = [stages_shown(count, trainer.network.options) for count in tiles]
    return weight, weight * stages, np.ones(len(weight))


@cache
def stages_shown(tiles: int, options: ModelOptions) -> int:
    """Return how many stages are shown at least one tile of a bag while training: its scores do not matter."""
    if options.mask_mode == "never":
        return options.stages
    claimed = claim(torch.zeros(1, options.stages, tiles), torch.ones(1, tiles, dtype=torch.bool), options)
    left = tiles - claimed[0].sum(-1).cumsum(0)  # (S,), after each stage
    return 1 + int((left[:-1] > 0).sum())


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
    return loss(output, labels, weighed, class_weight) * batch.shares[0]


def _tiles(table: FeatureTable, rows: Indices | None, device: torch.device, *, half: bool) -> Tensor:
    """Read tiles; those stored in half precision go to the device so, and stay so if that is what computes."""
    read = torch.from_numpy(np.require(table.read(rows), None, ["C", "W"])).to(device)
    return read if half and read.dtype == torch.float16 else read.float()
