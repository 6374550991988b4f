"""The maps of an answer: where the stages look at what is left."""

from msm_mil_core.display.tile_map import whatif_map
from msm_mil_core.explain.what_if import Answer
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.tile_map_layers import map_layer, map_pixels
from napari_msm_mil.layers.viewer_layers import ViewerLayers


class AnswerMaps:
    """One map for each stage, of one result at a time."""

    def __init__(self, layers: ViewerLayers) -> None:
        self._layers = layers
        self._result: SlideResult | None = None

    def show(self, result: SlideResult, answer: Answer) -> None:
        """Show the maps of an answer, the first stage visible."""
        self._result = result
        self.update(result, answer)

    def update(self, result: SlideResult, answer: Answer) -> None:
        """Show another answer in the maps, where they are shown; in place, for it follows a drawing hand."""
        if result is not self._result:
            return
        for stage in range(len(answer.after.stages)):
            shown = whatif_map(answer.after, stage)
            known = self._layers.layer_by_key(result, shown.key)
            if known is None:
                self._layers.show_map(result, shown.key, map_layer(result, shown)).visible = stage == 0
            else:
                known.data = map_pixels(result, shown)

    def remove(self) -> None:
        """Remove the maps."""
        if self._result is not None:
            for stage in range(len(self._result.prediction.stages)):
                self._layers.remove_map(self._result, f"whatif-{stage}")
        self._result = None
