"""How a stage's values are spread over its colours."""

from dataclasses import dataclass

from msm_mil_core.display.heatmap import Contrast


@dataclass(frozen=True, slots=True)
class ContrastSetting:
    """Everything that decides which pixels a stage's map has."""

    contrast: Contrast = "rank"
    shared: bool = False
    """Whether the colours of all stages stand for the same values."""
    top_percent: float = 100
    """How much of the map is shown, from the top."""
