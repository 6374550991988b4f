"""Compares the stages of a result when that is looked at: the panel wishes, a thread compares, maps become layers."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from pathlib import Path, PurePath
from typing import TypeAlias

from napari.layers import Layer
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QFileDialog

from msm_mil_core.display.tile_map import TileMap, agreement_map, difference_map, winner_map
from msm_mil_core.errors import MsmMilError
from msm_mil_core.explain.stage_comparison import CompareOptions, StageComparison, compare_stages
from msm_mil_core.export.tables.comparison import write_comparison_csv
from msm_mil_core.progress import Progress
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.background import Background, Job
from napari_msm_mil.files.file_jobs import Written
from napari_msm_mil.layers.tile_map_layers import map_layer
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.pages.compare.panel import ComparePanel

CSV_FILTER = "Tables (*.csv)"
Wanted: TypeAlias = tuple[SlideResult, CompareOptions]


class CompareController(QObject):
    """Keeps one comparison for each result, and shows the maps that go with it."""

    def __init__(self, layers: ViewerLayers, panel: ComparePanel) -> None:
        super().__init__(panel)
        self._layers, self._panel = layers, panel
        self._result: SlideResult | None = None
        self._looked_at = self._begun = False
        self._wanted: Wanted | None = None
        self._under_way: Wanted | None = None
        self._compared: dict[SlideResult, StageComparison] = {}
        self._comparer, self._file_worker = Background(self), Background(self)
        self._connect()

    def show_result(self, result: SlideResult | None) -> None:
        """Compare the stages of this result from now on."""
        self.stop()
        self._result, self._begun = result, result in self._compared
        self._compared = {known: found for known, found in self._compared.items() if known in self._layers.results()}
        self._panel.show_result(result)
        if result in self._compared:
            self._panel.show_comparison(self._compared[result])
        self.look(self._looked_at)
        self._on_layers_changed()

    def look(self, at: bool) -> None:
        """Notice whether the comparison is looked at: it is made when it is for the first time."""
        self._looked_at = at
        if at and not self._begun:
            self._want(self._panel.options)

    def stop(self) -> None:
        """End what is under way."""
        self._wanted = None
        self._comparer.cancel()

    def _connect(self) -> None:
        panel = self._panel
        panel.compare_requested.connect(self._want)
        panel.stop_requested.connect(self._on_stop_requested)
        panel.map_requested.connect(self._on_map_requested)
        panel.save_requested.connect(self._on_save_requested)
        self._comparer.progressed.connect(self._on_progressed)
        self._comparer.succeeded.connect(self._on_compared)
        self._comparer.failed.connect(self._on_failed)
        self._comparer.cancelled.connect(self._compare)
        self._file_worker.succeeded.connect(lambda done: panel.show_message(f"Written: {done.path}"))
        self._file_worker.failed.connect(lambda error: panel.show_message(str(error)))
        self._layers.visible_changed.connect(self._on_layers_changed)
        self._layers.results_changed.connect(self._on_layers_changed)

    def _want(self, options: CompareOptions) -> None:
        if self._result is None or len(self._result.prediction.stages) < 2:
            return
        self._begun, self._wanted = True, (self._result, options)
        self._compare()

    def _compare(self) -> None:
        """Start what is wanted now; if something else is under way, when that has stopped."""
        if self._wanted is None:
            return
        self._panel.comparing()
        if self._comparer.busy:
            self._comparer.cancel()
            return
        self._under_way = result, options = self._wanted
        work = partial(compare_stages, result.prediction, result.tiles, result.slide.mpp, options)
        self._comparer.start(Job(f"Comparing the stages of {result.slide.name}", work))

    def _on_stop_requested(self) -> None:
        self.stop()
        self._panel.idle("Stopped.")

    def _on_progressed(self, now: Progress) -> None:
        if self._wanted == self._under_way:
            self._panel.progress(now)

    def _on_compared(self, comparison: StageComparison) -> None:
        if self._wanted is None or self._wanted != self._under_way:
            self._compare()
            return
        (result, _), self._wanted = self._wanted, None
        self._compared[result] = comparison
        self._panel.show_comparison(comparison)
        shown = self._layers.layer_by_key(result, "agreement")
        if shown is not None:  # its share may be another now
            self._put(result, "agreement").visible = shown.visible

    def _on_failed(self, error: MsmMilError) -> None:
        if self._wanted != self._under_way:
            self._compare()
            return
        self._wanted = None
        self._panel.idle(str(error))

    def _on_map_requested(self, key: str, visible: bool) -> None:
        result = self._result
        if result is None:
            return
        if visible:
            self._layers.select(self._put(result, key))
        else:
            self._layers.remove_map(result, key)

    def _put(self, result: SlideResult, key: str) -> Layer:
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
        return agreement_map(result.prediction, self._compared[result].options.top_percent)

    def _on_layers_changed(self) -> None:
        if self._result is None:
            return
        for key, switch in self._panel.maps.items():
            layer = self._layers.layer_by_key(self._result, key)
            switch.show_legend(layer.metadata["legend"] if layer is not None and layer.visible else "")

    def _on_save_requested(self) -> None:
        if self._result not in self._compared:
            return
        suggested = Path.home() / f"{PurePath(self._result.slide.name).stem}-stages.csv"
        name, _ = QFileDialog.getSaveFileName(self._panel, "Save the comparison", str(suggested), CSV_FILTER)
        if not name:
            return
        if self._file_worker.busy:
            self._panel.show_message("Another table is still being written; try again in a moment.")
            return
        self._file_worker.start(Job(f"Writing {name}", partial(_write, self._compared[self._result], Path(name))))


def _write(comparison: StageComparison, path: Path) -> Generator[Progress, None, Written]:
    yield Progress("Writing the table", 0, 1)
    write_comparison_csv(comparison, path)
    return Written(path)
