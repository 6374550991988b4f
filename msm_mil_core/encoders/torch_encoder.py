"""An encoder that computes with torch: a network on a device, in a precision."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import get_args

import numpy as np
import torch
from numpy.typing import NDArray

from msm_mil_core.bags.bag import EncoderCard
from msm_mil_core.encoders.encoder_network import Network
from msm_mil_core.errors import BatchTooLargeError, DeviceError, EncoderError
from msm_mil_core.precision import Computed, Precision, Trial, choose_precision

PROBE_TILES = 4
"""Tiles in a batch of the probe for a precision."""
OUT_OF_MEMORY = ("out of memory", "you tried to allocate", "STATUS_ALLOC_FAILED")
"""In the messages of CUDA and MPS, of the CPU, and of cuDNN and cuBLAS."""


@dataclass(frozen=True, slots=True, eq=False)
class TorchEncoder:
    """A network on a device; an `Encoder`."""

    card: EncoderCard
    network: Network
    device: torch.device

    def encode(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Encode tiles (n, side, side, 3) to features (n, P), as `Encoder` says."""
        self._check(batch)
        with _torch_errors(self.card.name, self.device, len(batch)):
            features = _compute(self.network, self.device, self.card.precision, batch)
        if not np.isfinite(features).all():
            raise DeviceError(
                f"{self.card.name} gives features that are not finite in {self.card.precision} on {self.device}. "
                "Choose precision float32."
            )
        return features

    def _check(self, batch: NDArray[np.uint8]) -> None:
        if batch.dtype != np.uint8 or batch.ndim != 4 or batch.shape[3] != 3 or batch.shape[1] != batch.shape[2]:
            raise ValueError(f"tiles are (n, side, side, 3) uint8, not {batch.shape} {batch.dtype}")
        side_px = batch.shape[1]
        if side_px != self.card.side_px and not self.network.takes_any_side:
            raise EncoderError(
                f"{self.card.name} takes tiles of {self.card.side_px} px, not {side_px}: "
                f"choose a tile side of {self.card.side_px} px."
            )


def put_on_device(network: Network, device: torch.device, precision: Precision) -> TorchEncoder:
    """Move a network to a device, choose the precision, and try it on one tile of noise.

    Raises
    ------
    EncoderError
        If it does not give one feature vector a tile.
    DeviceError
        If the network cannot compute on the device.
    """
    if precision not in get_args(Precision):
        raise ValueError(f"precision is one of {get_args(Precision)}, not {precision!r}")
    shape = (PROBE_TILES, network.side_px, network.side_px, 3)
    tiles = np.random.default_rng(0).integers(0, 256, shape, np.uint8)

    def attempt(tried: Computed) -> Trial:
        start = time.perf_counter()
        features = _compute(network, device, tried, tiles)
        return Trial(time.perf_counter() - start, features)

    with _torch_errors(network.name, device, 1):
        _move(network, device)
        computed = choose_precision(precision, device.type, network.weights_sha256, attempt)
        features = _compute(network, device, computed, tiles[:1])
    if features.ndim != 2:
        raise EncoderError(f"{network.name} gives {features.shape[1:]} a tile, not one feature vector; choose another.")
    card = EncoderCard(
        name=network.name,
        features=features.shape[1],
        side_px=network.side_px,
        mpp=None,
        licence=network.licence,
        weights_sha256=network.weights_sha256,
        precision=computed,
    )
    return TorchEncoder(card, network, device)


def _move(network: Network, device: torch.device) -> None:
    network.module.to(device)
    if isinstance(network.module, torch.nn.Module):
        network.module.eval()
        if device.type != "mps":  # where it was wrong in some versions of torch, and is no faster
            network.module.to(memory_format=torch.channels_last)


@torch.inference_mode()
def _compute(network: Network, device: torch.device, precision: str, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
    tiles = torch.from_numpy(batch if batch.flags.writeable else batch.copy()).to(device)
    prepared = network.prepare(tiles.permute(0, 3, 1, 2))  # (n, 3, side, side), channels last in memory as it was
    with torch.autocast(device.type, getattr(torch, precision), enabled=precision != "float32"):
        features = network.compute(prepared)
    return torch.as_tensor(features).float().cpu().numpy()


@contextmanager
def _torch_errors(name: str, device: torch.device, tiles: int) -> Iterator[None]:
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
