"""The result of one slide: everything needed to draw it and to question the model again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic import JsonValue

from msm_mil_core.mil.model_file.checkpoint import bundled_record
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.mil.tile_outputs import TileOutputs
from msm_mil_core.mil.trust.answer_worth import AnswerWorth, weigh_answer
from msm_mil_core.mil.trust.tissue_distance import TissueDistance
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiling.resolution import resolution_warning
from msm_mil_core.slides.tiling.tiles import TileGrid


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Which model made the prediction."""

    name: str
    sha256: str
    """Of the checkpoint file."""
    preset: str
    """"paper", "default" or "explain"."""
    classes: tuple[str, ...]
    stages: int
    """S, the number of stages."""
    record: Mapping[str, JsonValue] = field(default_factory=dict, hash=False, repr=False)
    """Its origin, as in the checkpoint: data, split, figures, limits; empty in files of older versions."""


@dataclass(frozen=True, slots=True, eq=False)
class SlideResult:
    """What MSM-MIL says of one slide, tile by tile and stage by stage."""

    created: str
    """ISO 8601, with the time zone."""
    slide: SlideFacts
    options: Mapping[str, Any]
    """All options of the run, as JSON values."""
    model: ModelFacts
    versions: Mapping[str, str]
    tiles: TileGrid
    prediction: Prediction
    tile_outputs: TileOutputs | None = None
    """What questions need; None for models with a refinement block, and in files of older versions."""
    tissue: TissueDistance | None = None
    """How far its tissue lies from what the model learnt from; None where that is not known."""

    def __repr__(self) -> str:
        said = f"{self.prediction.winner}, P = {self.prediction.probabilities.max():.3f}"
        return f"<SlideResult {self.slide.name}: {said}; {self.model.name}, {len(self.tiles)} tiles>"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What whoever reads the answer must know of the slide, a sentence each; wherever the answer is shown."""
        coarse = resolution_warning(self.slide.name, self.slide.mpp, self.tiles.mpp)
        return tuple(filter(None, (coarse, self.tissue.warning if self.tissue else "")))

    def require_tile_outputs(self) -> TileOutputs:
        """Return what questions need.

        Raises
        ------
        QuestionError
            If there is none; it says why.
        """
        from msm_mil_core.explain.what_if import require_tile_outputs  # a result is opened more often than asked

        return require_tile_outputs(self.tile_outputs, refined=self.model.preset == "paper")

    @property
    def worth(self) -> AnswerWorth:
        """What the answer is worth, by the record of its model."""
        return weigh_answer(self.prediction, self.model.record or bundled_record(self.model.sha256), self.tissue)

    def is_same_run(self, other: "SlideResult") -> bool:
        """Return whether both are of the same slide, model, tiles and masking: annotations on one hold for both."""
        return (
            self.slide.quick_hash == other.slide.quick_hash
            and self.model.sha256 == other.model.sha256
            and np.array_equal(self.tiles.xy_px0, other.tiles.xy_px0)
            and self.prediction.masks_applied == other.prediction.masks_applied
        )
