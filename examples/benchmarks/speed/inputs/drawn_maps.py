"""Drawn maps over a slide of any size, for what depends on the number of tiles and stages alone."""

import numpy as np

from msm_mil_core.mil.prediction import Prediction, StageAttention
from msm_mil_core.results.slide_result import ModelFacts, SlideResult
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiling.tiles import TileGrid

CLASSES = ("one", "other")
CLAIMED = 0.05
"""Of all tiles, by each stage."""


def draw_result(slide: SlideFacts, stages: int, side_px0: int) -> SlideResult:
    """Draw a result whose tiles cover the whole slide."""
    columns, rows = (side // side_px0 for side in slide.size_px0)
    row, column = np.divmod(np.arange(columns * rows), columns)
    tiles = TileGrid(np.stack([column, row], 1) * side_px0, side_px0=side_px0, side_px=side_px0, mpp=slide.mpp or 1.0)
    return SlideResult(
        created="2026-01-01T00:00:00+00:00",
        slide=slide,
        options={},
        model=ModelFacts("drawn", "", "default", CLASSES, stages),
        versions={},
        tiles=tiles,
        prediction=draw_prediction(len(tiles), stages),
    )


def draw_prediction(tiles: int, stages: int) -> Prediction:
    """Draw a prediction for so many tiles."""
    rng, nothing = np.random.default_rng(0), np.zeros(2, np.float32)
    claims = rng.permutation(tiles)[: stages * round(CLAIMED * tiles)].reshape(stages, -1)
    drawn = tuple(
        StageAttention(
            attention=rng.dirichlet(np.ones(tiles)).astype(np.float32),
            claimed=np.isin(np.arange(tiles), claimed),
            beta=1 / stages,
            logits=nothing,
            tile_evidence=None,
        )
        for claimed in claims
    )
    return Prediction(CLASSES, nothing, nothing + 0.5, drawn, masks_applied=False, bias=None)
