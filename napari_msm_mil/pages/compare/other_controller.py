"""Puts a second result of the slide beside the one that is shown: a thread reads it, maps become layers."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from functools import partial
from pathlib import Path

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog

from msm_mil_core.display.model_maps import (
    AGREEMENT,
    SPREAD,
    model_map,
    models_agreement_map,
    models_difference_map,
    models_spread_map,
)
from msm_mil_core.display.tile_map import TileMap
from msm_mil_core.explain.models.model_comparison import ModelComparison, compare_models
from msm_mil_core.file_names import RESULT_SUFFIX
from msm_mil_core.progress import Progress
from msm_mil_core.results.result_file import load_result
from msm_mil_core.results.same_slide import model_views, require_same_slide
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.background import Job
from napari_msm_mil.latest_job import LatestJob
from napari_msm_mil.layers.tile_map_layers import map_layer
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.pages.compare.other_panel import OtherResultPanel

FILTER = f"Results (*{RESULT_SUFFIX})"
HERE = "This result"
"""Stands for the file of the result that is shown, where it has none."""


class OtherResultController(QObject):
    """Remembers the second result of each that was shown."""

    side_by_side_requested = Signal(object)
    """The layers of both results' maps."""

    def __init__(self, layers: ViewerLayers, panel: OtherResultPanel) -> None:
        super().__init__(panel)
        self._layers, self._panel = layers, panel
        self._result: SlideResult | None = None
        self._top_percent = 5.0
        self._comparisons: dict[SlideResult, ModelComparison] = {}
        self._reader = LatestJob(self)
        panel.other_requested.connect(self._on_other_requested)
        panel.file_requested.connect(self._ask_file)
        panel.open_chosen.connect(self._on_open_chosen)
        panel.map_requested.connect(self._on_map_requested)
        panel.side_by_side_requested.connect(self._on_side_by_side_requested)
        panel.removed.connect(self._on_removed)
        self._reader.succeeded.connect(self._on_compared)
        self._reader.failed.connect(lambda error: panel.show_idle(str(error)))
        layers.visible_changed.connect(self._show_legends)
        layers.results_changed.connect(self._show_legends)

    def show_result(self, result: SlideResult | None) -> None:
        """Compare this result from now on."""
        self.stop()
        self._comparisons = {each: found for each, found in self._comparisons.items() if each in self._layers.results()}
        self._result = result
        if result in self._comparisons:
            self._panel.show_comparison(self._comparisons[result])
        else:
            self._panel.show_idle("")
        self._show_legends()

    def compare_with(self, path: Path, top_percent: float) -> None:
        """Read a second result, and compare it with the one that is shown."""
        if self._result is None:
            return
        self._top_percent = top_percent
        self._panel.show_idle(f"Reading {path.name}…")
        self._start(self._result, None, path)

    def stop(self) -> None:
        """Stop what is running."""
        self._reader.cancel()

    def _start(self, result: SlideResult, other: SlideResult | None, path: Path) -> None:
        file = self._layers.result_file(result) or Path(HERE)
        work = partial(_compared, result, file, other, path, self._top_percent)
        self._reader.request(Job(f"Comparing with {path.name}", work))

    def _on_other_requested(self) -> None:
        """Offer the results of the slide that are open; ask for a file where there is none."""
        others = self._others()
        if others:
            self._panel.offer([self._called(other) for other in others])
        else:
            self._ask_file()

    def _others(self) -> tuple[SlideResult, ...]:
        """Return the other results of the slide that are open, latest first."""
        shown = self._result
        if shown is None:
            return ()
        results = reversed(self._layers.results())
        return tuple(each for each in results if each is not shown and each.slide.quick_hash == shown.slide.quick_hash)

    def _called(self, result: SlideResult) -> str:
        run, day = self._layers.of(result)[0].metadata.get("run", 1), datetime.fromisoformat(result.created)
        return f"Run {run}: {result.model.name}, {day:%d %b %Y}"

    def _on_open_chosen(self, at: int) -> None:
        others = self._others()
        if self._result is not None and at < len(others):
            other = others[at]
            self._start(self._result, other, self._layers.result_file(other) or Path(self._called(other)))

    def _ask_file(self) -> None:
        if self._result is None:
            return
        file = self._layers.result_file(self._result)
        folder = "" if file is None else str(file.parent)
        name, _ = QFileDialog.getOpenFileName(self._panel, "Compare with another result", folder, FILTER)
        if name:
            self.compare_with(Path(name), self._top_percent)

    def _on_compared(self, comparison: ModelComparison) -> None:
        if self._result is None:
            return
        self._remove_maps(self._result)
        self._comparisons[self._result] = comparison
        self._panel.show_comparison(comparison)

    def _on_map_requested(self, key: str, visible: bool) -> None:
        result = self._result
        if result is None or result not in self._comparisons:
            return
        if visible:
            shown = _map(self._comparisons[result], key)
            self._layers.select(self._layers.show_map(result, key, map_layer(result, shown)))
        else:
            self._layers.remove_map(result, key)
        self._show_legends()

    def _on_side_by_side_requested(self) -> None:
        result = self._result
        if result is None or result not in self._comparisons:
            return
        maps = [self._layers.layer_by_key(result, f"model-{index}") for index in (0, 1)]
        if None in maps:
            shown = [model_map(self._comparisons[result], index) for index in (0, 1)]
            maps = [self._layers.show_map(result, each.key, map_layer(result, each)) for each in shown]
            self.side_by_side_requested.emit(tuple(maps))
        else:
            self._remove_maps(result, only=("model-0", "model-1"))

    def _on_removed(self) -> None:
        if self._result is not None:
            self._remove_maps(self._result)
            self._comparisons.pop(self._result, None)
            self._panel.show_idle("")

    def _remove_maps(self, result: SlideResult, only: tuple[str, ...] = ()) -> None:
        for key in only or (*self._panel.maps, "model-0", "model-1"):
            self._layers.remove_map(result, key)

    def _show_legends(self) -> None:
        for key, switch in self._panel.maps.items():
            layer = None if self._result is None else self._layers.layer_by_key(self._result, key)
            switch.show_legend(layer.metadata["legend"] if layer is not None and layer.visible else "")


def _map(comparison: ModelComparison, key: str) -> TileMap:
    if key == AGREEMENT:
        return models_agreement_map(comparison)
    return models_spread_map(comparison) if key == SPREAD else models_difference_map(comparison)


def _compared(
    result: SlideResult, file: Path, other: SlideResult | None, path: Path, top_percent: float
) -> Generator[Progress, None, ModelComparison]:
    """Compare with a result; None is read from its file."""
    yield Progress("Reading the other result", 0, 2)
    other = load_result(path) if other is None else other
    require_same_slide(result, other, path)
    yield Progress("Comparing", 1, 2)
    return compare_models(model_views((result, other), (file, path)), top_percent)
