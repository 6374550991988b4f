"""One protocol for all: how a method is trained on a fold, and what it then says of the bags that judge."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.optim import AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR

from examples.benchmarks.methods.peers import Peer
from examples.benchmarks.tasks.task import Numbers, Split, Task
from msm_mil_core.atomic_write import whole_file

MOST_DEVIATIONS = 5.0
"""Features are cut off there: one that hardly varies among the training tiles is not to decide elsewhere."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The same for every method and every task."""

    epochs: int = 50
    patience: int = 15
    bags_per_step: int = 8
    learning_rate: float = 1e-3
    weight_decay: float = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A method after its training on a fold."""

    peer: Peer
    val_loss: float
    epochs: int
    seconds_per_epoch: float


class Bench:
    """The bags of a task as one fold sees them: standardised, and reduced where the task says so."""

    def __init__(self, task: Task, fold: Split, work: Path) -> None:
        stacked = np.concatenate(task.bags)
        ends = np.cumsum([len(bag) for bag in task.bags])
        learnt = np.concatenate([task.bags[index] for index in fold.train])
        if task.components:
            axes = _principal_axes(learnt, task.components, work)
            stacked, learnt = stacked @ axes, learnt @ axes
        mean, std = learnt.mean(0), learnt.std(0)
        stacked = ((stacked - mean) / np.where(std > 1e-6, std, 1)).clip(-MOST_DEVIATIONS, MOST_DEVIATIONS)
        self.bags = torch.from_numpy(stacked.astype(np.float32)).tensor_split(torch.from_numpy(ends[:-1]))
        self.labels = torch.from_numpy(task.labels)
        self.classes = task.classes

    @property
    def features(self) -> int:
        """Length P."""
        return int(self.bags[0].shape[1])

    def batch(self, chosen: Numbers) -> tuple[Tensor, Tensor]:
        """Return bags (B, N, P), padded with 0, and which tiles are real (B, N)."""
        bags = [self.bags[index] for index in chosen]
        lengths = torch.tensor([len(bag) for bag in bags])
        valid = torch.arange(int(lengths.max())) < lengths[:, None]
        padded = bags[0].new_zeros(*valid.shape, self.features)
        padded[valid] = torch.cat(bags)
        return padded, valid


def train_method(make: Callable[[int, int], Peer], bench: Bench, fold: Split, budget: Budget, seed: int) -> Trained:
    """Train with AdamW and cosine, classes balanced, and keep the epoch with the lowest validation loss."""
    torch.manual_seed(seed)
    peer, rng = make(bench.features, bench.classes), np.random.default_rng(seed)
    optimiser = AdamW(peer.parameters(), lr=budget.learning_rate, weight_decay=budget.weight_decay, fused=True)
    schedule = CosineAnnealingLR(optimiser, budget.epochs)
    weight = _class_weight(bench.labels[fold.train], bench.classes)
    best, state, started = _Best(), peer.state_dict(), time.perf_counter()
    for epoch in range(1, budget.epochs + 1):
        _learn(peer.train(), optimiser, bench, rng.permutation(fold.train), (weight, budget.bags_per_step))
        schedule.step()
        val_loss = _val_loss(peer, bench, fold, weight)
        if val_loss < best.loss:
            best, state = _Best(val_loss, epoch), {name: value.clone() for name, value in peer.state_dict().items()}
        if epoch - best.epoch >= budget.patience:
            break
    peer.load_state_dict(state)
    seconds = (time.perf_counter() - started) / epoch
    return Trained(peer.eval(), best.loss, epoch, seconds)


def answers(peer: Peer, bench: Bench, chosen: Numbers) -> NDArray[np.float32]:
    """Return the logits (b, C) of the chosen bags."""
    with torch.inference_mode():
        return peer.eval()(*bench.batch(chosen)).logits.numpy()


@dataclass(frozen=True, slots=True)
class _Best:
    loss: float = float("inf")
    epoch: int = 0


def _class_weight(labels: Tensor, classes: int) -> Tensor:
    counts = torch.bincount(labels, minlength=classes)
    return len(labels) / (classes * counts)


def _learn(peer: Peer, optimiser: AdamW, bench: Bench, order: Numbers, how: tuple[Tensor, int]) -> None:
    weight, bags_per_step = how
    for chosen in np.array_split(order, -(-len(order) // bags_per_step)):
        loss = peer.loss(*bench.batch(chosen), bench.labels[chosen], weight)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        peer.after_step()


def _val_loss(peer: Peer, bench: Bench, fold: Split, weight: Tensor) -> float:
    logits = torch.from_numpy(answers(peer, bench, fold.val))
    return float(functional.cross_entropy(logits, bench.labels[fold.val], weight=weight))


def _principal_axes(tiles: NDArray[np.float32], count: int, work: Path) -> NDArray[np.float32]:
    path = work / f"axes-{count}-{hashlib.sha256(tiles).hexdigest()[:16]}.npy"
    if not path.exists():
        axes = np.linalg.eigh(np.cov(tiles.T))[1][:, ::-1][:, :count].astype(np.float32)
        with whole_file(path) as part, part.open("wb") as file:
            np.save(file, axes)
    return np.load(path)
