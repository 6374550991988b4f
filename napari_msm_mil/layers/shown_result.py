"""A result in the viewer: how it is shown at the moment, and the images of its stages."""

from msm_mil_core.display.stage_display import StageDisplay
from msm_mil_core.display.stage_images import StageImages
from msm_mil_core.results.slide_result import SlideResult


class ShownResult:
    """The one place that holds how a result is shown; all its layers refer to it, so several docks agree."""

    def __init__(self, result: SlideResult, display: StageDisplay) -> None:
        self.result, self.display = result, display
        self.images = StageImages(result.tiles, result.prediction)
