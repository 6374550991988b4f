"""The state of a training between two epochs, stored in a file so that a killed one continues where it was."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.training.train_options import WITHOUT_EFFECT, TrainOptions
from msm_mil_core.learning.training.trainer import Trainer
from msm_mil_core.mil.network import MsmMil, weights_of

Array = NDArray[np.float32]
_KEY = "msm-mil-training"


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training bags, evaluated on the validation bags."""

    number: int
    """From 1."""
    learning_rate: float
    train_loss: float
    """Mean over the steps, every stage's loss included."""
    val_loss: float
    """Cross entropy of the calibrated logits, classes weighted as in training."""
    temperature: float
    """What the logits are divided by for that, 1 or more."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingState:
    """How far a training has come."""

    epochs: tuple[Epoch, ...] = ()
    """In their order."""
    best: int = 0
    """Number of the epoch with the lowest validation loss; 0 before there is one."""
    best_weights: Mapping[str, Array] = field(default_factory=dict)

    def after(self, epoch: Epoch, network: MsmMil) -> "TrainingState":
        """Return the state after one more epoch."""
        epochs = (*self.epochs, epoch)
        if epoch.val_loss < self.best_val_loss:
            return TrainingState(epochs, epoch.number, weights_of(network))
        return replace(self, epochs=epochs)

    @property
    def best_val_loss(self) -> float:
        """Infinite before there is a best epoch."""
        return self.epochs[self.best - 1].val_loss if self.best else math.inf

    def ended(self, options: TrainOptions) -> bool:
        """Return whether the training is over: no epochs are left, or no patience."""
        return len(self.epochs) >= options.epochs or len(self.epochs) - self.best >= options.patience


def identity_of(bags: BagDataset, options: TrainOptions) -> str:
    """Return a hash of all that decides the outcome of a training: options, bags, labels, torch."""
    chosen = options.model_dump_json(exclude=set(WITHOUT_EFFECT))
    digest = hashlib.sha256(f"{chosen} {torch.__version__}".encode())
    for name, table, label, patient in zip(bags.names, bags.tables, bags.labels, bags.patients, strict=True):
        digest.update(f"\n{name} {label} {patient} {table.identity()}".encode())
    digest.update(f"{bags.classes} {bags.parts}".encode())
    return digest.hexdigest()


def save_state(state: TrainingState, trainer: Trainer, identity: str, path: Path) -> None:
    """Write the state of a training that has this identity, as `identity_of` returns it.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    optimiser = {
        f"optimiser/{number}/{name}": value.cpu().numpy()
        for number, moments in trainer.optimiser.state_dict()["state"].items()
        for name, value in moments.items()
    }
    best = {f"best/{name}": weight for name, weight in state.best_weights.items()}
    now = {f"network/{name}": weight for name, weight in weights_of(trainer.network).items()}
    facts = {
        "identity": identity,
        "best": state.best,
        "epochs": [asdict(epoch) for epoch in state.epochs],
        "groups": trainer.optimiser.state_dict()["param_groups"],
        "schedule": trainer.schedule.state_dict(),
        "scaler": trainer.scaler.state_dict(),
    }
    arrays = {name: np.ascontiguousarray(array) for name, array in (optimiser | best | now).items()}
    with whole_file(path) as part:
        part.write_bytes(save(arrays, metadata={_KEY: json.dumps(facts)}))


def restore_state(trainer: Trainer, identity: str, path: Path) -> TrainingState:
    """Bring a trainer to the state in a file, if it exists, and return that state.

    Raises
    ------
    TrainingError
        If the file is of another training, or is not such a file.
    """
    if not path.exists():
        return TrainingState()
    facts, arrays = _read(path)
    if facts["identity"] != identity:
        raise TrainingError(
            f"{path} is of a training with other options, bags or labels, or another torch. "
            "Use the same again to continue it, or delete it to start again."
        )
    trainer.network.load_state_dict({name: torch.from_numpy(array) for name, array in _under("network/", arrays)})
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for name, array in _under("optimiser/", arrays):
        number, key = name.split("/")
        moments.setdefault(int(number), {})[key] = torch.from_numpy(array)
    trainer.optimiser.load_state_dict({"state": moments, "param_groups": facts["groups"]})
    trainer.schedule.load_state_dict(facts["schedule"])
    if facts["scaler"]:
        trainer.scaler.load_state_dict(facts["scaler"])
    return TrainingState(tuple(_epochs(facts)), facts["best"], dict(_under("best/", arrays)))


def read_epochs(path: Path) -> tuple[Sequence[Epoch], int]:
    """Return the epochs in a file, and the number of the best.

    Raises
    ------
    TrainingError
        If it is not such a file.
    """
    facts, _ = _read(path)
    return _epochs(facts), facts["best"]


def _epochs(facts: Mapping[str, Any]) -> list[Epoch]:
    return [Epoch(**epoch) for epoch in facts["epochs"]]


def _read(path: Path) -> tuple[dict, dict[str, NDArray]]:  # type: ignore[type-arg]  # JSON, checked by its identity
    try:
        with safe_open(path, framework="np") as file:
            return json.loads(file.metadata()[_KEY]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  safe_open is no mapping
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as exc:
        raise TrainingError(f"{path} is not the state of a training ({exc}). Delete it to start again.") from exc


def _under(prefix: str, arrays: Mapping[str, Array]) -> list[tuple[str, Array]]:
    return [(name.removeprefix(prefix), array) for name, array in arrays.items() if name.startswith(prefix)]
