"""A network that encodes tiles, with its weights and preprocessing, not yet on a device."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import torch


class Movable(Protocol):
    """What can be moved to a device: a torch module, or something that holds some."""

    def to(self, device: torch.device, /) -> object:
        """Move to the device."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network and what it expects."""

    name: str
    """As `load_encoder` takes it."""
    module: Movable
    """Holds the weights."""
    prepare: Callable[[torch.Tensor], torch.Tensor]
    """From tiles (n, 3, side, side) uint8 to what `compute` takes; on the device."""
    compute: Callable[[torch.Tensor], torch.Tensor]
    """From prepared tiles to features (n, P)."""
    side_px: int
    """Side of the tiles it was made for."""
    takes_any_side: bool
    """Whether tiles of another side are accepted, too."""
    licence: str
    weights_sha256: str
    first_layers: tuple[torch.nn.Module, ...] = ()
    """Layers that take the tiles and stay in float32 in any precision; none where half precision is good enough."""


@dataclass(frozen=True, slots=True, eq=False)
class Normalisation:
    """Brings grey levels 0..255 to what a network was trained on, a whole batch at once."""

    mean: tuple[float, ...]
    """Of red, green and blue, in grey levels 0..255."""
    std: tuple[float, ...]

    def __call__(self, tiles: torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        """Return (tiles - mean) / std, computed in float32 and rounded once, to `dtype`.

        Tiles (n, 3, side, side) whose channels are last in memory stay so.
        """
        rows = tiles.permute(0, 2, 3, 1).flatten(2)  # (n, side, side * 3): long rows, where torch would loop over three
        mean, std = (_row(of_rgb, tiles.shape[3], tiles.device) for of_rgb in (self.mean, self.std))
        centred = rows.float().sub_(mean)  # on a CPU half the time of a difference of two types
        out = centred if dtype == centred.dtype else torch.empty_like(centred, dtype=dtype)
        return torch.div(centred, std, out=out).view(len(tiles), *tiles.shape[2:], 3).permute(0, 3, 1, 2)


@lru_cache(maxsize=32)
def _row(of_rgb: tuple[float, ...], width_px: int, device: torch.device) -> torch.Tensor:
    """Return a channel's value for each pixel of a row, on the device once: a copy for each batch would wait for it."""
    with torch.inference_mode(mode=False):
        return torch.tensor(of_rgb, device=device).repeat(width_px)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
