"""The photographs of lung, encoded and parted, and bags of mosaics that are drawn from them."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from examples.lung_photographs import (
    BLOCK,
    CLASSES,
    PER_SIDE,
    PHOTO_MPP,
    PHOTOGRAPHS,
    TILE_PX,
    Mosaic,
    Numbers,
    Photograph,
    Pixels,
    draw_mosaics,
    prints_of,
    split_of,
    tiles_of,
)
from msm_mil_core.bags.feature_table import table_of
from msm_mil_core.encoders.registry import DEFAULT_ENCODER, Encoder
from msm_mil_core.learning.dataset.bag_dataset import BagDataset, label_bags
from msm_mil_core.learning.dataset.columns import Part
from msm_mil_core.learning.dataset.origin import Origin

SIDE_PX = 96
"""Side of a tile as the encoder gets it: chosen on validation mosaics, see the card."""
TILE_MPP = PHOTO_MPP * TILE_PX / SIDE_PX
PARTS: tuple[Part, ...] = ("train", "val", "test")
TILES = PHOTOGRAPHS * PER_SIDE**2


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """M photographs, encoded, and the part of the split that each is in."""

    photographs: Sequence[Photograph]
    split: Numbers
    """(M,), as `split_of` says it."""
    features: NDArray[np.float32]
    """(M, 9, P), of the tiles."""
    origin: Origin

    @property
    def kinds(self) -> Numbers:
        """(M,), what each shows."""
        return np.array([one.kind for one in self.photographs])

    @property
    def colours(self) -> NDArray[np.float64]:
        """(M, 3), mean RGB of each."""
        return np.stack([one.pixels.mean((0, 1)) for one in self.photographs])

    def members(self, part: Part) -> Numbers:
        """Return which photographs are in a part, in rising order."""
        return np.flatnonzero(self.split == PARTS.index(part))

    def tiles(self, mosaics: Sequence[Mosaic]) -> NDArray[np.float32]:
        """Return the features (B, 72, P) of mosaics."""
        return np.stack([self.features[one.photographs].reshape(TILES, -1) for one in mosaics])

    def draw(self, members: Numbers, count: int, rng: np.random.Generator) -> list[Mosaic]:
        """Draw mosaics of these photographs."""
        drawn = draw_mosaics(self.kinds[members], count, rng)
        return [Mosaic(members[one.photographs], one.label) for one in drawn]

    def resampled(self, part: Part, rng: np.random.Generator) -> Numbers:
        """Draw as many blocks of a part's photographs as there are, with replacement, of each kind."""
        members, drawn = self.members(part), []
        numbers = np.array([one.number for one in self.photographs])
        for kind in np.unique(self.kinds[members]):
            of_kind = members[self.kinds[members] == kind]
            blocks = np.split(of_kind, np.flatnonzero(np.diff(numbers[of_kind] // BLOCK)) + 1)
            drawn += [blocks[index] for index in rng.integers(len(blocks), size=len(blocks))]
        return np.concatenate(drawn)


def encode_photographs(photographs: Sequence[Photograph], encoder: Encoder, cache: Path | None) -> Collection:
    """Encode all tiles, or read their features from the folder `cache`."""
    keep = _Keeper(cache, photographs, encoder)
    prints = keep("prints", lambda: prints_of(photographs, encoder))
    features = keep("tiles", lambda: np.stack([encoder.encode(enlarged(tiles_of(one.pixels))) for one in photographs]))
    origin = Origin(DEFAULT_ENCODER, encoder.card.weights_sha256, SIDE_PX, TILE_MPP)
    return Collection(photographs, split_of(photographs, prints), features, origin)


def enlarged(tiles: Pixels) -> Pixels:
    """Enlarge tiles (N, 74, 74, 3) to the side that the encoder gets."""
    size = (SIDE_PX, SIDE_PX)
    return np.stack([np.asarray(Image.fromarray(tile).resize(size, Image.Resampling.BICUBIC)) for tile in tiles])


def bags_of(collection: Collection, mosaics: Mapping[Part, Sequence[Mosaic]]) -> BagDataset:
    """Return the mosaics as labelled bags, each in its part."""
    each = [(part, number, one) for part, drawn in mosaics.items() for number, one in enumerate(drawn)]
    tiles = collection.tiles([one for _, _, one in each])
    return label_bags(
        {f"{part} {number}": table_of(bag) for (part, number, _), bag in zip(each, tiles, strict=True)},
        [CLASSES[one.label] for _, _, one in each],
        collection.origin,
        parts=[part for part, _, _ in each],
    )


class _Keeper:
    """Computes an array once, and stores it in a folder if there is one."""

    def __init__(self, folder: Path | None, photographs: Sequence[Photograph], encoder: Encoder) -> None:
        digest = hashlib.sha256(f"{encoder.card.weights_sha256} {TILE_PX} {SIDE_PX}".encode())
        for one in photographs:
            digest.update(one.pixels.tobytes())
        self._folder, self._key = folder, digest.hexdigest()[:12]

    def __call__(self, name: str, compute: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        if self._folder is None:
            return compute()
        path = self._folder / f"{name}-{self._key}.npy"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            np.save(path, compute())
        kept: NDArray[np.float32] = np.load(path)
        return kept
