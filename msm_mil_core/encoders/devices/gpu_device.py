"""GPUs: the one place that knows streams, pinned memory and memory sizes of CUDA and MPS."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from msm_mil_core.encoders.devices.torch_device import PlacedNetwork, as_tensor, to_numpy, torch_errors
from msm_mil_core.errors import BatchTooLargeError

SMALLEST_BATCH, LARGEST_BATCH = 64, 512
"""Below, a GPU waits for the host between layers; beyond, a batch takes longer and no tile is cheaper."""
SHARE = 0.7
"""Of the free memory that a batch may take: the rest is for libraries, fragments and the batches on their way."""
IN_FLIGHT = 3
"""Batches on a GPU: one is copied to it, one computes, one is copied back."""
MEASURED_TILES = 16
"""Tiles of which the memory is measured: enough that the libraries' own memory does not count for much."""


def choose_batch(free_bytes: float, bytes_per_tile: float) -> int:
    """Return the largest power of two that fits, at most 512; less than 64 only where 64 tiles do not fit."""
    fits = SHARE * free_bytes / max(1.0, bytes_per_tile)
    batch = LARGEST_BATCH
    while batch > 1 and batch > fits:
        batch //= 2
    return batch


def bytes_per_tile(used: Callable[[int], int], tiles: int = MEASURED_TILES) -> float:
    """Return what a tile takes while it is encoded; `used` gives the peak for so many tiles.

    Where even these do not fit, one is measured.
    """
    try:
        return used(tiles) / tiles
    except BatchTooLargeError:
        return used(1)


@dataclass(frozen=True, slots=True, eq=False)
class OnCuda:
    """A tensor of a batch, and the event after which it is whole."""

    tensor: torch.Tensor
    whole: torch.cuda.Event
    tiles: int


class CudaDevice:
    """A CUDA card: copies to it, computing and copies back run beside each other in three streams; a `BatchDevice`."""

    in_flight = IN_FLIGHT

    def __init__(self, placed: PlacedNetwork) -> None:
        self.placed = placed
        device = placed.device
        torch.cuda.synchronize(device)  # the weights were copied in another stream
        self.inward, self.computing, self.outward = (
            torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch leaves it so
            for _ in range(3)
        )
        self.batch = choose_batch(_free_on_cuda(device), bytes_per_tile(self._used))

    def pixels(self, tiles: int, side_px: int) -> NDArray[np.uint8]:
        """Return pinned memory: only from there a card copies while it computes."""
        pinned: NDArray[np.uint8] = torch.empty(
            (tiles, side_px, side_px, 3), dtype=torch.uint8, pin_memory=True
        ).numpy()
        return pinned

    def upload(self, tiles: NDArray[np.uint8]) -> OnCuda:
        """Begin to copy tiles to the card."""
        with torch_errors(self.placed, len(tiles)), torch.cuda.stream(self.inward):
            there = as_tensor(tiles).to(self.placed.device, non_blocking=True)
            return OnCuda(there, self.inward.record_event(), len(tiles))

    def run(self, tiles: OnCuda) -> OnCuda:
        """Begin to compute once they are there."""
        with torch_errors(self.placed, tiles.tiles), torch.cuda.stream(self.computing):
            self.computing.wait_event(tiles.whole)
            features = self.placed.compute(tiles.tensor)
            tiles.tensor.record_stream(self.computing)  # its memory is free for others only after this stream read it
            return OnCuda(features, self.computing.record_event(), tiles.tiles)

    def download(self, features: OnCuda) -> OnCuda:
        """Begin to copy features back, into pinned memory, once they are computed."""
        with torch_errors(self.placed, features.tiles), torch.cuda.stream(self.outward):
            self.outward.wait_event(features.whole)
            here = torch.empty(features.tensor.shape, dtype=torch.float32, pin_memory=True)
            here.copy_(features.tensor, non_blocking=True)
            features.tensor.record_stream(self.outward)
            return OnCuda(here, self.outward.record_event(), features.tiles)

    def synchronise(self, features: OnCuda) -> NDArray[np.float32]:
        """Wait for the copy back; batches behind it go on."""
        with torch_errors(self.placed, features.tiles):
            features.whole.synchronize()
        return to_numpy(features.tensor)

    def _used(self, tiles: int) -> int:
        """Return the peak of memory, in bytes, while so many tiles are encoded."""
        device, side_px = self.placed.device, self.placed.network.side_px
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        self.synchronise(self.download(self.run(self.upload(self.pixels(tiles, side_px)))))
        return torch.cuda.max_memory_allocated(device) - before


class MpsDevice:
    """Apple's GPU: it computes while the host reads; memory is shared, and nothing is copied ahead; a `BatchDevice`."""

    in_flight = 2

    def __init__(self, placed: PlacedNetwork) -> None:
        self.placed = placed
        self.batch = SMALLEST_BATCH

    def pixels(self, tiles: int, side_px: int) -> NDArray[np.uint8]:
        """Return any memory: host and GPU share it."""
        return np.empty((tiles, side_px, side_px, 3), np.uint8)

    def upload(self, tiles: NDArray[np.uint8]) -> torch.Tensor:
        """Copy tiles to the GPU."""
        with torch_errors(self.placed, len(tiles)):
            return as_tensor(tiles).to(self.placed.device)

    def run(self, tiles: torch.Tensor) -> torch.Tensor:
        """Begin to compute."""
        with torch_errors(self.placed, len(tiles)):
            return self.placed.compute(tiles)

    def download(self, features: torch.Tensor) -> torch.Tensor:
        """Leave the features where they are: a copy back would wait for them."""
        return features

    def synchronise(self, features: torch.Tensor) -> NDArray[np.float32]:
        """Wait for the features and copy them back."""
        with torch_errors(self.placed, len(features)):
            return to_numpy(features)


def _free_on_cuda(device: torch.device) -> int:
    """Return the bytes that torch could still take: free on the card, or its own and unused."""
    free, _ = torch.cuda.mem_get_info(device)
    return int(free) + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
