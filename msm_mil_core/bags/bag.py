"""A slide as a bag: one feature vector per tile."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiling.tiles import TileGrid


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """What an encoder is and what it expects."""

    name: str
    """As `load_encoder` takes it: "efficientnet-lite0", "timm:resnet18", "zoo:uni2"."""
    features: int
    """Length P of a tile's feature vector."""
    side_px: int
    """Side of the tiles it was made for."""
    mpp: float | None
    """Micrometres per pixel that it was made for; None where its makers do not state it."""
    licence: str
    weights_sha256: str
    precision: str = "float32"
    """Numeric precision: "float32", "bfloat16" or "float16"; features of two precisions differ in the last digits."""


@dataclass(frozen=True, slots=True)
class JoinedSlide:
    """One of several slides whose tiles are joined in a bag, one slide after another."""

    name: str
    """File name without its folder."""
    tiles: int
    """How many of the bag's tiles are its own."""
    y_px0: int
    """How far down it lies among the others: a tile's place on it is the tile's `xy_px0` less (0, this)."""
    size_px0: tuple[int, int]
    quick_hash: str


@dataclass(frozen=True, slots=True, eq=False)
class FeatureBag:
    """The features of a slide's tiles, in the order of the tiles."""

    features: NDArray[np.float32]
    """(N, P)."""
    tiles: TileGrid
    slide: SlideFacts
    encoder: EncoderCard
    joined: tuple[JoinedSlide, ...] = ()
    """The slides of a bag of several, in the order of their tiles; empty for a bag of one slide."""

    def __repr__(self) -> str:
        tiles, features = self.features.shape
        return f"<FeatureBag {self.slide.name}: {tiles} tiles x {features} features of {self.encoder.name}>"

    def __len__(self) -> int:
        return len(self.features)
