"""Bags of drawn features for the tests of this room."""

import numpy as np

from msm_mil_core.bags.bag import EncoderCard, FeatureBag
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiling.tiles import TileGrid

FACTS = SlideFacts(
    name="slide ü.svs",
    path="/slides/slide ü.svs",
    size_px0=(2048, 1536),
    mpp=0.25,
    mpp_origin="openslide.mpp-x",
    origin_px0=(256, 128),
    extent_px0=(1536, 1280),
    quick_hash="0123456789abcdef" * 4,
)
CARD = EncoderCard("small", 5, 64, None, "none", "f" * 64)


def a_bag(count: int = 6, card: EncoderCard = CARD) -> FeatureBag:
    xy_px0 = np.stack([np.arange(count) % 4, np.arange(count) // 4], axis=1).astype(np.int64) * 128
    features = np.random.default_rng(count).normal(size=(count, card.features)).astype(np.float32)
    return FeatureBag(features, TileGrid(xy_px0, 128, 64, 0.5), FACTS, card)
