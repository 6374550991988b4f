"""A network of torch on a device, and the device that needs no pipeline: the CPU."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from msm_mil_core.encoders.networks.encoder_network import Network, Normalisation
from msm_mil_core.encoders.networks.half_weights import cast_weights
from msm_mil_core.errors import BatchTooLargeError, DeviceError
from msm_mil_core.precision_choice import Computed

CPU_BATCH = 16
"""Tiles at once on a CPU: larger batches leave its caches and gain nothing."""
OUT_OF_MEMORY = ("out of memory", "you tried to allocate", "STATUS_ALLOC_FAILED")
"""In the messages of CUDA and MPS, of the CPU, and of cuDNN and cuBLAS."""


@dataclass(frozen=True, slots=True, eq=False)
class PlacedNetwork:
    """A network on a device, in a precision."""

    network: Network
    device: torch.device
    precision: Computed

    @torch.inference_mode()
    def compute(self, tiles: torch.Tensor) -> torch.Tensor:
        """Compute features (n, P) float32 of tiles (n, side, side, 3) uint8 on the device."""
        prepared = self._prepare(tiles.permute(0, 3, 1, 2))  # (n, 3, side, side), channels last in memory as it was
        half = self.precision != "float32"
        with torch.autocast(self.device.type, getattr(torch, self.precision), enabled=half):
            features = self.network.compute(prepared)
        return torch.as_tensor(features).float()

    def _prepare(self, tiles: torch.Tensor) -> torch.Tensor:
        prepare = self.network.prepare
        if isinstance(prepare, Normalisation) and not self.network.first_layers:
            return prepare(tiles, getattr(torch, self.precision))
        return prepare(tiles)


def place(network: Network, device: torch.device) -> None:
    """Move a network to a device, ready to compute."""
    network.module.to(device)
    if isinstance(network.module, torch.nn.Module):
        network.module.eval()
        if device.type != "mps":  # where it was wrong in some versions of torch, and is no faster
            network.module.to(memory_format=torch.channels_last)


def settle(network: Network, device: torch.device, precision: Computed) -> PlacedNetwork:
    """Cast the weights of a network to the precision in which it will compute from now on."""
    if precision != "float32":
        cast_weights(network.module, getattr(torch, precision), keep=network.first_layers)
    return PlacedNetwork(network, device, precision)


@dataclass(frozen=True, slots=True, eq=False)
class CpuDevice:
    """The CPU: every step is done when it returns; a `BatchDevice`."""

    placed: PlacedNetwork
    batch: int = CPU_BATCH
    in_flight: int = 1

    def pixels(self, tiles: int, side_px: int) -> NDArray[np.uint8]:
        """Return any memory."""
        return np.empty((tiles, side_px, side_px, 3), np.uint8)

    def upload(self, tiles: NDArray[np.uint8]) -> torch.Tensor:
        """Return the tiles as they are."""
        return as_tensor(tiles)

    def run(self, tiles: torch.Tensor) -> torch.Tensor:
        """Compute their features."""
        with torch_errors(self.placed, len(tiles)):
            return self.placed.compute(tiles)

    def download(self, features: torch.Tensor) -> torch.Tensor:
        """Return the features as they are."""
        return features

    def synchronise(self, features: torch.Tensor) -> NDArray[np.float32]:
        """Return the features."""
        return to_numpy(features)


def as_tensor(tiles: NDArray[np.uint8]) -> torch.Tensor:
    """Return the pixels as a tensor, without a copy where they may be written."""
    return torch.from_numpy(tiles if tiles.flags.writeable else tiles.copy())


def to_numpy(features: torch.Tensor) -> NDArray[np.float32]:
    """Return features as an array; waits for the device."""
    array: NDArray[np.float32] = features.cpu().numpy()
    return array


@contextmanager
def torch_errors(placed: PlacedNetwork, tiles: int) -> Iterator[None]:
    """Turn torch's errors into ours, while so many tiles are encoded."""
    name, device = placed.network.name, placed.device
    try:
        yield
    except RuntimeError as exc:
        message = str(exc)
        if isinstance(exc, torch.cuda.OutOfMemoryError) or any(hint in message for hint in OUT_OF_MEMORY):
            amount = "even one tile" if tiles == 1 else f"{tiles} tiles at once"
            raise BatchTooLargeError(
                f"{device} has too little memory for {name} on {amount}. "
                "Close other programs, choose device cpu, or a smaller encoder."
            ) from exc
        first_line = message.partition("\n")[0]
        raise DeviceError(f"{name} failed on {device} ({first_line}). Try device cpu, or precision float32.") from exc
