"""What a model computed of each tile of a bag: enough to answer for any part of the bag, without features or network.

Letters: N tiles, S stages, C classes, F width of the fusion net.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.mil.model_options import ModelOptions
from msm_mil_core.mil.prepared_bag import PreparedBag, prepare_bag

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class StageFusion:
    """The net that weighs the stages, by tile: it is linear in the tiles up to its activation."""

    inner: Array
    """(N, F), of each tile before bias and activation."""
    inner_bias: Array
    """(F,)."""
    outer: Array
    """(F,)."""

    def __repr__(self) -> str:
        return f"<StageFusion of {len(self.inner)} tiles, width {len(self.outer)}>"


@dataclass(frozen=True, eq=False)  # without slots: `prepared` is computed once, when the first question comes
class TileOutputs:
    """What one model computed of the tiles of one bag."""

    options: ModelOptions
    classes: tuple[str, ...]
    masks_applied: bool
    """Whether a stage was hidden what earlier stages had claimed."""
    scores: Array
    """(S, N), attention before its softmax."""
    tile_logits: Array
    """(N, C), what a tile would add to each logit if all attention were on it."""
    stage_tile_logits: Array
    """(S, N, C), the same for each stage's own head."""
    bias: Array
    """(C,)."""
    stage_bias: Array
    """(S, C)."""
    fusion: StageFusion | None
    """None where all stages have the same weight."""
    negative: str = ""
    """The class that means that nothing was found; empty if the model names none."""

    def __repr__(self) -> str:
        return f"<TileOutputs of {len(self)} tiles, {len(self.scores)} stages, {len(self.classes)} classes>"

    def __len__(self) -> int:
        return len(self.tile_logits)

    @cached_property
    def prepared(self) -> PreparedBag:
        """What all questions about the bag share."""
        inner = [] if self.fusion is None else [self.fusion.inner]
        return prepare_bag(self.scores, np.concatenate([self.tile_logits, *inner], axis=1), self.stage_tile_logits)
