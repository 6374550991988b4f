"""Compares the stages of a result when its page is opened: a thread compares, maps become layers."""

from __future__ import annotations

from functools import partial

from napari.layers import Layer
from qtpy.QtCore import QObject, Signal

from msm_mil_core.display.tile_map import TileMap, agreement_map, difference_map, winner_map
from msm_mil_core.explain.comparison_options import CompareOptions
from msm_mil_core.explain.stage_comparison import StageComparison, compare_stages
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.background import Job
from napari_msm_mil.latest_job import LatestJob
from napari_msm_mil.layers.tile_map_layers import map_layer
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.pages.compare.panel import ComparePanel


class CompareController(QObject):
    """Remembers the comparison of each result, and shows the maps that go with it."""

    table_requested = Signal(object)
    """The `StageComparison` that is to be written as a table."""

    def __init__(self, layers: ViewerLayers, panel: ComparePanel) -> None:
        super().__init__(panel)
        self._layers, self._panel = layers, panel
        self._result: SlideResult | None = None
        self._in_front = self._requested = False
        self._comparisons: dict[SlideResult, StageComparison] = {}
        self._comparer = LatestJob(self)
        panel.compare_requested.connect(self._compare)
        panel.stop_requested.connect(self._on_stop_requested)
        panel.map_requested.connect(self._on_map_requested)
        panel.save_requested.connect(self._on_save_requested)
        self._comparer.progressed.connect(panel.show_progress)
        self._comparer.succeeded.connect(self._on_compared)
        self._comparer.failed.connect(lambda error: panel.show_idle(str(error)))
        layers.visible_changed.connect(self._on_layers_changed)
        layers.results_changed.connect(self._on_layers_changed)

    def show_result(self, result: SlideResult | None) -> None:
        """Compare the stages of this result from now on."""
        self.stop()
        known = self._comparisons.items()
        self._comparisons = {other: found for other, found in known if other in self._layers.results()}
        self._result, self._requested = result, result in self._comparisons
        self._panel.show_result(result)
        if result in self._comparisons:
            self._panel.show_comparison(self._comparisons[result])
        self.set_in_front(self._in_front)
        self._on_layers_changed()

    def set_in_front(self, in_front: bool) -> None:
        """Compare the stages when the page comes to the front for the first time."""
        self._in_front = in_front
        if in_front and not self._requested:
            self._compare(self._panel.options)

    def stop(self) -> None:
        """Stop what is running."""
        self._comparer.cancel()

    def _compare(self, options: CompareOptions) -> None:
        result = self._result
        if result is None or len(result.prediction.stages) < 2:
            return
        self._requested = True
        self._panel.show_running()
        work = partial(compare_stages, result.prediction, result.tiles, result.slide.mpp, options)
        self._comparer.request(Job(f"Comparing the stages of {result.slide.name}", work))

    def _on_stop_requested(self) -> None:
        self.stop()
        self._panel.show_idle("Stopped.")

    def _on_compared(self, comparison: StageComparison) -> None:
        result = self._result
        if result is None:
            return
        self._comparisons[result] = comparison
        self._panel.show_comparison(comparison)
        shown = self._layers.layer_by_key(result, "agreement")
        if shown is not None:  # its share may have changed
            self._show_map(result, "agreement").visible = shown.visible

    def _on_map_requested(self, key: str, visible: bool) -> None:
        result = self._result
        if result is None:
            return
        if visible:
            self._layers.select(self._show_map(result, key))
        else:
            self._layers.remove_map(result, key)

    def _show_map(self, result: SlideResult, key: str) -> Layer:
        pair = self._panel.difference
        layer = self._layers.show_map(result, key, map_layer(result, self._map(result, key, pair)))
        layer.metadata["pair"] = pair
        self._on_layers_changed()
        return layer

    def _map(self, result: SlideResult, key: str, pair: tuple[int, int]) -> TileMap:
        if key == "difference":
            return difference_map(result.prediction, *pair)
        if key == "winner":
            return winner_map(result.prediction)
        return agreement_map(result.prediction, self._comparisons[result].options.top_percent)

    def _on_layers_changed(self) -> None:
        if self._result is None:
            return
        for key, switch in self._panel.maps.items():
            layer = self._layers.layer_by_key(self._result, key)
            switch.show_legend(layer.metadata["legend"] if layer is not None and layer.visible else "")

    def _on_save_requested(self) -> None:
        if self._result in self._comparisons:
            self.table_requested.emit(self._comparisons[self._result])
