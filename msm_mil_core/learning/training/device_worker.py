"""A device beside the first one of a training: its process, as the first one sees it, and what goes on in it."""

import multiprocessing
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import numpy as np
import torch
from numpy.typing import NDArray

from msm_mil_core.errors import DeviceError, MsmMilError
from msm_mil_core.learning.training.batches import Batch
from msm_mil_core.learning.training.gradients import TrainingData, add_gradients
from msm_mil_core.learning.training.process_group import Meeting, share_weights, sum_gradients
from msm_mil_core.mil.model_options import ModelOptions
from msm_mil_core.mil.network import MsmMil, network_with, weights_of


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What a mate does for one step."""

    batches: tuple[Batch, ...]
    seed: int
    scale: float
    """What the loss is multiplied by, as float16 needs it."""


@dataclass(frozen=True, slots=True)
class _Report:
    loss: float = 0.0
    failure: str = ""
    """What happened and what to do, or empty if all went well."""


@dataclass(frozen=True, slots=True, eq=False)
class CrewMate:
    """Another device, seen from the first."""

    rank: int
    """1 or more; the first device has 0."""
    device: torch.device
    process: BaseProcess
    pipe: "Connection[Task, _Report]"

    def send(self, task: Task) -> None:
        """Set it to work.

        Raises
        ------
        DeviceError
            If it has ended.
        """
        try:
            self.pipe.send(task)
        except OSError as exc:
            raise self._gone() from exc

    def receive(self) -> float:
        """Wait for the loss that it found; 0 when it is ready to begin.

        Raises
        ------
        DeviceError
            If it has failed or ended.
        """
        try:
            report = self.pipe.recv()
        except (EOFError, OSError) as exc:
            raise self._gone() from exc
        if report.failure:
            raise DeviceError(report.failure)
        return report.loss

    def let_go(self) -> None:
        """End it."""
        self.pipe.close()
        self.process.kill()
        self.process.join()

    def _gone(self) -> DeviceError:
        return DeviceError(
            f"The device {self.device} failed in training: its process has ended. If memory was short, choose one "
            'device; if a script of yours trains, put it under `if __name__ == "__main__":`.'
        )


def hire(rank: int, device: torch.device, network: MsmMil, data: TrainingData, meeting: Meeting) -> CrewMate:
    """Start the process of another device, which says when it is ready."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    start = _Start(rank, str(device), network.options, weights_of(network), data, meeting)
    process = spawning.Process(target=_help, args=(start, theirs), daemon=True)
    process.start()
    theirs.close()  # or the end of the process would not be seen in the pipe
    return CrewMate(rank, device, process, ours)


@dataclass(frozen=True, slots=True, eq=False)
class _Start:
    """What a mate's process begins with."""

    rank: int
    device: str
    options: ModelOptions
    weights: Mapping[str, NDArray[np.float32]]
    data: TrainingData
    meeting: Meeting


def _help(start: _Start, pipe: "Connection[_Report, Task]") -> None:
    """Make gradients until the first process ends, or lets go."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process hears it, and lets go
    try:
        device = torch.device(start.device)
        network = network_with(start.options, start.weights).to(device)
        pipe.send(_Report())
        start.meeting.join(start.rank, device)
        while True:
            _work(network, start.data, pipe)
    except EOFError:
        return
    except DeviceError as exc:
        _tell(pipe, str(exc))
    except (MsmMilError, RuntimeError, OSError) as exc:
        _tell(pipe, f"The device {start.device} failed in training: {exc}")


def _tell(pipe: "Connection[_Report, Task]", failure: str) -> None:
    with suppress(OSError):  # the first process may be gone
        pipe.send(_Report(failure=failure))


def _work(network: MsmMil, data: TrainingData, pipe: "Connection[_Report, Task]") -> None:
    task = pipe.recv()
    share_weights(network)
    network.zero_grad()
    loss = add_gradients(network, data, task.batches, task.seed, lambda loss_value: loss_value * task.scale)
    pipe.send(_Report(loss))
    sum_gradients(network)
