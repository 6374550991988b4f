"""Pictures as features: encoded once by the default encoder, and kept in a folder."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from examples.benchmarks.tasks.task import Features
from msm_mil_core.atomic_write import whole_file
from msm_mil_core.encoders.registry import DEFAULT_ENCODER, load_encoder

BATCH = 128


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Tiles of several bags, all of one side."""

    name: str
    bags: Sequence[NDArray[np.uint8]]
    """One (N, side, side, 3) a bag."""

    def colours(self) -> NDArray[np.float64]:
        """Return the mean colour (B, 3) of each bag."""
        return np.stack([tiles.mean((0, 1, 2)) for tiles in self.bags])


def encoded(pictures: Pictures, work: Path) -> tuple[Features, ...]:
    """Return the features (N, P) of each bag, from `work` if they have been made before."""
    tiles = np.concatenate(pictures.bags)
    path = work / f"{pictures.name}-{hashlib.sha256(tiles).hexdigest()[:12]}.npy"
    if not path.exists():
        features = _encoded(tiles).astype(np.float16)
        with whole_file(path) as part, part.open("wb") as file:
            np.save(file, features)
    features = np.load(path).astype(np.float32)
    return tuple(np.split(features, np.cumsum([len(bag) for bag in pictures.bags])[:-1]))


def _encoded(tiles: NDArray[np.uint8]) -> Features:
    encoder = load_encoder(DEFAULT_ENCODER, device="cpu", precision="float32")
    return np.concatenate([encoder.encode(tiles[start : start + BATCH]) for start in range(0, len(tiles), BATCH)])
