"""Where the processes of several devices find each other, and what they pass on."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import torch
from torch import Tensor, distributed
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from msm_mil_core.learning.training.gradients import torch_errors
from msm_mil_core.mil.network import MsmMil

PATIENCE = timedelta(hours=2)
"""How long one device waits for the gradients of another; one that has died is noticed at once."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where the processes find each other."""

    place: Path
    """A file that is not there yet."""
    count: int
    """How many processes there are."""

    def join(self, rank: int, device: torch.device) -> None:
        """Wait until all have come.

        Raises
        ------
        DeviceError
            If they cannot speak with each other.
        """
        of_cuda = device.type == "cuda"
        with torch_errors(device):
            distributed.init_process_group(
                "nccl" if of_cuda else "gloo",
                init_method=self.place.as_uri(),
                rank=rank,
                world_size=self.count,
                timeout=PATIENCE,
                device_id=device if of_cuda else None,
            )

    def leave(self) -> None:
        """Forget the others, who may have gone."""
        if distributed.is_initialized():
            distributed.destroy_process_group()


def share_weights(network: MsmMil) -> None:
    """Give the network the weights of the first device's."""
    with torch_errors(network.classifier.weight.device), torch.no_grad():
        weights = parameters_to_vector(network.parameters())
        distributed.broadcast(weights, src=0)
        vector_to_parameters(weights, network.parameters())


def sum_gradients(network: MsmMil) -> None:
    """Give the first device's network the sum of all devices' gradients."""
    with torch_errors(network.classifier.weight.device):
        gradients = torch.cat([_gradient(parameter).flatten() for parameter in network.parameters()])
        distributed.reduce(gradients, dst=0)
        sizes = [parameter.numel() for parameter in network.parameters()]
        for parameter, total in zip(network.parameters(), torch.split(gradients, sizes), strict=True):
            parameter.grad = total.view_as(parameter)


def _gradient(parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
