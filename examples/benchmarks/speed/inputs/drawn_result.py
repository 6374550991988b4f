"""A result of any number of tiles whose features are drawn, not encoded: everything after the encoder is real."""

import math

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.mil.model_file.checkpoint import Checkpoint, default_checkpoint_path, load_checkpoint
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.results.slide_result import ModelFacts, SlideResult
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiling.tiles import TileGrid

SIDE_PX0, MPP = 224, 0.5


def draw_tiles(count: int) -> TileGrid:
    """Lay tiles in a square block."""
    row, col = np.divmod(np.arange(count), math.isqrt(count - 1) + 1)
    return TileGrid(np.stack([col, row], 1) * SIDE_PX0, side_px0=SIDE_PX0, side_px=SIDE_PX0, mpp=MPP)


def draw_features(count: int, length: int) -> NDArray[np.float32]:
    """Draw features whose mean wanders over the slide, as tissue does."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((count, length), np.float32)
    features[:, :8] += np.sin(np.arange(count, dtype=np.float32) / 997)[:, None]
    return features


def draw_checkpoint() -> Checkpoint:
    """Return the bundled model: three stages, four classes."""
    return load_checkpoint(default_checkpoint_path())


def draw_result(count: int) -> SlideResult:
    """Predict a bag of drawn features, and wrap it as a result."""
    checkpoint, tiles = draw_checkpoint(), draw_tiles(count)
    predicted = predict_bag(checkpoint, draw_features(count, checkpoint.options.features), device="cpu")
    return SlideResult(
        created="2026-11-22T10:00:00+01:00",
        slide=draw_facts(tiles),
        options={},
        model=ModelFacts(
            checkpoint.name, checkpoint.sha256, checkpoint.options.preset, checkpoint.classes, checkpoint.options.stages
        ),
        versions={},
        tiles=tiles,
        prediction=predicted.prediction,
        tile_outputs=predicted.tile_outputs,
    )


def draw_facts(tiles: TileGrid) -> SlideFacts:
    """Return the facts of a slide that the tiles cover."""
    width, height = (int(side) + SIDE_PX0 for side in tiles.xy_px0.max(axis=0))
    size = (width, height)
    return SlideFacts("drawn.svs", "/drawn.svs", size, MPP, "drawn", (0, 0), size, "0" * 12)
