"""What a model might have computed of the tiles of a bag: drawn, for what needs no network."""

import numpy as np

from msm_mil_core.mil.model_options import ModelOptions
from msm_mil_core.mil.tile_outputs import Array, StageFusion, TileOutputs

AGAINST = 0.2
"""Share of the tiles that argue against the answer."""


def draw_outputs(tiles: int, options: ModelOptions, seed: int = 0) -> TileOutputs:
    """Draw tiles whose answer can change: a part of them argues against it."""
    rng, (S, C, F) = np.random.default_rng(seed), (options.stages, options.classes, options.fusion_width)

    def drawn(*shape: int) -> Array:
        return rng.normal(size=shape).astype(np.float32)

    tile_logits = drawn(tiles, C)
    tile_logits[:, 0] += np.where(rng.random(tiles) < AGAINST, np.float32(-2), np.float32(2))
    return TileOutputs(
        options=options,
        classes=tuple(f"class {number}" for number in range(C)),
        masks_applied=True,
        scores=2 * drawn(S, tiles),
        tile_logits=tile_logits,
        stage_tile_logits=drawn(S, tiles, C),
        bias=drawn(C) / 10,
        stage_bias=drawn(S, C),
        fusion=StageFusion(drawn(tiles, F), drawn(F), drawn(F)),
    )
