"""A network that encodes tiles, with its weights and preprocessing, not yet on a device."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, eq=False)
class Normalisation:
    """Brings grey levels 0..255 to what a network was trained on, a whole batch at once."""

    mean: tuple[float, ...]
    """Of red, green and blue, in grey levels 0..255."""
    std: tuple[float, ...]

    def __call__(self, tiles: torch.Tensor) -> torch.Tensor:
        """Return (tiles - mean) / std as float32."""
        mean, std = (torch.tensor(of_rgb, device=tiles.device).view(1, 3, 1, 1) for of_rgb in (self.mean, self.std))
        return tiles.float().sub_(mean).div_(std)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
