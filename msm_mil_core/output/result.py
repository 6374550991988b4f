"""The result of one slide: everything needed to draw it again and to run it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiles import TileGrid

SCHEMA = "msm-mil-result/1"


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Which model spoke."""

    name: str
    sha256: str
    """Of the checkpoint file."""
    preset: str
    """"paper", "default" or "explain"."""
    classes: tuple[str, ...]
    stages: int
    """S, the number of stages."""


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
