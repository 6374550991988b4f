"""Devices that make the gradients of a step together, each in a process of its own but the first.

Only the first device has an optimiser: in each step it sends its weights to the others, and the gradients come back as
one sum. So nothing can run apart, and a training that goes on after a kill needs only what the first one keeps.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from msm_mil_core.learning.training.batches import Batch
from msm_mil_core.learning.training.device_worker import CrewMate, Task, hire
from msm_mil_core.learning.training.gradients import TrainingData, add_gradients
from msm_mil_core.learning.training.process_group import Meeting, share_weights, sum_gradients
from msm_mil_core.learning.training.state import Learner


@dataclass(frozen=True, slots=True, eq=False)
class Crew:
    """The devices of a training."""

    learner: Learner
    """On the first device, in this process."""
    data: TrainingData
    mates: tuple[CrewMate, ...] = ()
    """The other devices."""

    @property
    def devices(self) -> int:
        """How many there are."""
        return 1 + len(self.mates)

    def add_gradients(self, parts: Sequence[Sequence[Batch]], seed: int) -> float:
        """Give the learner's network the gradients of a step, of which each device makes its part; return the loss.

        Raises
        ------
        DeviceError
            If a device fails.
        FeatureFileError
            If the first device cannot read features.
        """
        network, scaler = self.learner.network, self.learner.scaler
        for mate, batches in zip(self.mates, parts[1:], strict=True):
            mate.send(Task(tuple(batches), seed + mate.rank, scaler.get_scale()))
        if self.mates:
            share_weights(network)
        total = add_gradients(network, self.data, parts[0], seed, scaler.scale)
        total += sum(mate.receive() for mate in self.mates)  # before the sum: who has failed would be waited for
        if self.mates:
            sum_gradients(network)
        return total


@contextmanager
def assemble(learner: Learner, data: TrainingData, devices: Sequence[torch.device]) -> Iterator[Crew]:
    """Start a process for each device but the first, on which the learner is, and end them whatever happens.

    Raises
    ------
    DeviceError
        If a device cannot be used.
    """
    mates: list[CrewMate] = []
    with tempfile.TemporaryDirectory() as folder:
        meeting = Meeting(Path(folder) / "meeting", len(devices))
        try:
            for rank, device in enumerate(devices[1:], start=1):
                mates.append(hire(rank, device, learner.network, data, meeting))
            for mate in mates:
                mate.receive()
            if mates:
                meeting.join(0, devices[0])
            yield Crew(learner, data, tuple(mates))
        finally:
            for mate in mates:
                mate.let_go()
            if mates:
                meeting.leave()
