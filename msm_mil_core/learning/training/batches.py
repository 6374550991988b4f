"""Which bags go through the network at once, and how much each lot of them counts in its step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from msm_mil_core.learning.dataset.splits import Indices
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.masking import claim
from msm_mil_core.mil.model_options import ModelOptions

WHOLE = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Bags that go through the network at once: a step's, or some of them."""

    bags: Indices
    rows: tuple[Indices | None, ...]
    """Which tiles of each, in rising order; None is all of them."""
    shares: tuple[float, float, float] = WHOLE
    """Of the step's class weights, of those over all stages that were shown tiles, and of its bags."""

    def scaled(self, options: ModelOptions) -> ModelOptions:
        """Weigh the parts of the loss so that the batches' losses, each times its first share, sum to the step's."""
        answers, stages, bags = self.shares
        return options.replace(
            lambda_s=options.lambda_s * stages / answers,
            lambda_beta=options.lambda_beta * bags / answers,
            lambda_d=options.lambda_d * bags / answers,
        )


def draw_tiles(chosen: Indices, tiles: Sequence[int], most: int | None, rng: np.random.Generator) -> Batch:
    """Draw at most `most` tiles of each chosen bag; `tiles` says how many every bag has."""
    rows = [
        None if most is None or tiles[index] <= most else np.sort(rng.permutation(tiles[index])[:most])
        for index in chosen
    ]
    return Batch(chosen, tuple(rows))


def part_step(step: Batch, options: TrainOptions, devices: int) -> tuple[tuple[Batch, ...], ...]:
    """Part all bags of a step into what goes through the network at once, for each device a few in turn."""
    at_once = range(0, len(step.bags), options.bags_per_step)
    turns = [np.arange(len(step.bags))[start : start + options.bags_per_step] for start in at_once]
    dealt = [np.array_split(turn, devices) for turn in turns]
    return tuple(
        tuple(_some(step, hands[device]) for hands in dealt if len(hands[device])) for device in range(devices)
    )


def weigh(
    step: Batch, parts: tuple[tuple[Batch, ...], ...], sums: Sequence[NDArray[np.float64]]
) -> tuple[tuple[Batch, ...], ...]:
    """Give each part its shares of the step; `sums` are of every bag what the shares are of."""
    if sum(map(len, parts)) == 1:
        return parts
    whole = [of_bag[step.bags].sum() for of_bag in sums]

    def weighed(batch: Batch) -> Batch:
        answers, stages, bags = (
            float(of_bag[batch.bags].sum() / all_) for of_bag, all_ in zip(sums, whole, strict=True)
        )
        return replace(batch, shares=(answers, stages, bags))

    return tuple(tuple(weighed(batch) for batch in of_device) for of_device in parts)


def stages_shown(tiles: int, options: ModelOptions) -> int:
    """Return how many stages are shown at least one tile of a bag while training: its scores do not matter."""
    if options.mask_mode == "never":
        return options.stages
    claimed = claim(torch.zeros(1, options.stages, tiles), torch.ones(1, tiles, dtype=torch.bool), options)
    left = tiles - claimed[0].sum(-1).cumsum(0)  # (S,), after each stage
    return 1 + int((left[:-1] > 0).sum())


def _some(step: Batch, places: Indices) -> Batch:
    return Batch(step.bags[places], tuple(step.rows[place] for place in places))
