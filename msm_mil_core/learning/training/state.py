"""Where a training stands between two epochs, kept in a file so that a killed one goes on as if it never stopped."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from torch.amp import GradScaler
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.network import MsmMil, weights_of

Array = NDArray[np.float32]
_KEY = "msm-mil-training"


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training bags, judged on the validation bags."""

    number: int
    """From 1."""
    learning_rate: float
    train_loss: float
    """Mean over the steps, every stage's loss included."""
    val_loss: float
    """Cross entropy of the calibrated answer, every class weighing as in training."""
    temperature: float
    """What the logits must be divided by for that, 1 or more."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingState:
    """What a training has come to."""

    epochs: tuple[Epoch, ...] = ()
    """In their order."""
    best: int = 0
    """Number of the epoch with the lowest validation loss; 0 before there is one."""
    best_weights: Mapping[str, Array] = field(default_factory=dict)

    def after(self, epoch: Epoch, network: MsmMil) -> "TrainingState":
        """Return the standing after one more epoch."""
        epochs = (*self.epochs, epoch)
        if epoch.val_loss < self.best_val_loss:
            return TrainingState(epochs, epoch.number, weights_of(network))
        return replace(self, epochs=epochs)

    @property
    def best_val_loss(self) -> float:
        """Infinite before there is a best epoch."""
        return self.epochs[self.best - 1].val_loss if self.best else math.inf

    def ended(self, options: TrainOptions) -> bool:
        """Tell whether there is nothing more to learn: no epoch is left, or patience is."""
        return len(self.epochs) >= options.epochs or len(self.epochs) - self.best >= options.patience


@dataclass(frozen=True, slots=True, eq=False)
class Learner:
    """What changes from step to step: the network and what moves it."""

    network: MsmMil
    optimiser: Optimizer
    schedule: LRScheduler
    scaler: GradScaler
    """Keeps small gradients from vanishing in float16; does nothing otherwise."""


def identity_of(bags: BagDataset, options: TrainOptions) -> str:
    """Return a hash of all that decides what a training comes to: options, bags, labels, torch."""
    digest = hashlib.sha256(f"{options.model_dump_json()} {torch.__version__}".encode())
    for name, source, label, patient in zip(bags.names, bags.sources, bags.labels, bags.patients, strict=True):
        digest.update(f"\n{name} {label} {patient} {_stamp(source)}".encode())
    digest.update(f"{bags.classes} {bags.parts}".encode())
    return digest.hexdigest()


def save_state(standing: TrainingState, learner: Learner, identity: str, path: Path) -> None:
    """Write where a training stands.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    moments = {
        f"optimiser/{number}/{name}": value.cpu().numpy()
        for number, state in learner.optimiser.state_dict()["state"].items()
        for name, value in state.items()
    }
    best = {f"best/{name}": weight for name, weight in standing.best_weights.items()}
    now = {f"network/{name}": weight for name, weight in weights_of(learner.network).items()}
    told = {
        "identity": identity,
        "best": standing.best,
        "epochs": [asdict(epoch) for epoch in standing.epochs],
        "groups": learner.optimiser.state_dict()["param_groups"],
        "schedule": learner.schedule.state_dict(),
        "scaler": learner.scaler.state_dict(),
    }
    arrays = {name: np.ascontiguousarray(array) for name, array in (moments | best | now).items()}
    with whole_file(path) as part:
        part.write_bytes(save(arrays, metadata={_KEY: json.dumps(told)}))


def restore_state(learner: Learner, identity: str, path: Path) -> TrainingState:
    """Bring a learner to where a training stood, if the file is there, and return that standing.

    Raises
    ------
    TrainingError
        If the file is of another training, or is no such file.
    """
    if not path.exists():
        return TrainingState()
    told, arrays = _read(path)
    if told["identity"] != identity:
        raise TrainingError(
            f"{path} is of a training with other options, bags or labels, or another torch. "
            "Use the same again to go on with it, or delete it to begin anew."
        )
    learner.network.load_state_dict({name: torch.from_numpy(array) for name, array in _under("network/", arrays)})
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, array in _under("optimiser/", arrays):
        number, key = name.split("/")
        state.setdefault(int(number), {})[key] = torch.from_numpy(array)
    learner.optimiser.load_state_dict({"state": state, "param_groups": told["groups"]})
    learner.schedule.load_state_dict(told["schedule"])
    if told["scaler"]:
        learner.scaler.load_state_dict(told["scaler"])
    epochs, best = read_epochs(path)
    return TrainingState(tuple(epochs), best, dict(_under("best/", arrays)))


def read_epochs(path: Path) -> tuple[Sequence[Epoch], int]:
    """Return the epochs that a file keeps, and the number of the best.

    Raises
    ------
    TrainingError
        If it is no such file.
    """
    told, _ = _read(path)
    return [Epoch(**epoch) for epoch in told["epochs"]], told["best"]


def _stamp(source: Path | Array) -> str:
    if isinstance(source, Path):
        told = source.stat()
        return f"{source.name} {told.st_size} {told.st_mtime_ns}"
    return hashlib.sha256(np.ascontiguousarray(source).tobytes()).hexdigest()


def _read(path: Path) -> tuple[dict, dict[str, NDArray]]:  # type: ignore[type-arg]  # JSON, checked by its identity
    try:
        with safe_open(path, framework="np") as file:
            return json.loads(file.metadata()[_KEY]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  safe_open is no mapping
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as exc:
        raise TrainingError(f"{path} does not tell where a training stands ({exc}). Delete it to begin anew.") from exc


def _under(prefix: str, arrays: Mapping[str, Array]) -> list[tuple[str, Array]]:
    return [(name.removeprefix(prefix), array) for name, array in arrays.items() if name.startswith(prefix)]
