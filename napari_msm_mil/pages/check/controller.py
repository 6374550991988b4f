"""Checks a result: a thread questions the model at length, the outcome becomes text and layers."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject

from msm_mil_core.display.tile_map import attribution_map, spread_map
from msm_mil_core.errors import MsmMilError, QuestionError
from msm_mil_core.explain.attribution import Method, attention_against, attribute
from msm_mil_core.explain.examination_options import FaithfulnessOptions, StabilityOptions
from msm_mil_core.explain.faithfulness import Faithfulness, measure_faithfulness
from msm_mil_core.explain.stability import Stability, measure_stability
from msm_mil_core.mil.tile_outputs import TileOutputs
from msm_mil_core.progress import Progress
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.background import Job
from napari_msm_mil.latest_job import LatestJob
from napari_msm_mil.layers.tile_map_layers import map_layer
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.pages.check.attribution_row import correlations_in_words
from napari_msm_mil.pages.check.panel import CheckPanel

ATTRIBUTION = "attribution"


@dataclass(frozen=True, slots=True, eq=False)
class _Check:
    faithfulness: Faithfulness
    stability: Stability


@dataclass(frozen=True, slots=True, eq=False)
class _Attribution:
    method: Method
    class_index: int
    values: NDArray[np.float32]


class CheckController(QObject):
    """Remembers the check of each result, and shows the maps that go with it."""

    def __init__(self, layers: ViewerLayers, panel: CheckPanel) -> None:
        super().__init__(panel)
        self._layers, self._panel = layers, panel
        self._result: SlideResult | None = None
        self._checks: dict[SlideResult, _Check] = {}
        self._checker, self._attributer = LatestJob(self), LatestJob(self)
        panel.check_requested.connect(self._on_check_requested)
        panel.stop_requested.connect(self._on_stop_requested)
        panel.spread_requested.connect(self._on_spread_requested)
        panel.attribution.requested.connect(self._on_attribution_requested)
        self._checker.progressed.connect(panel.show_progress)
        self._checker.succeeded.connect(self._on_checked)
        self._checker.failed.connect(lambda error: panel.show_idle(str(error)))
        self._attributer.succeeded.connect(self._on_attributed)
        self._attributer.failed.connect(self._on_attribution_failed)
        layers.visible_changed.connect(self._on_layers_changed)
        layers.results_changed.connect(self._on_layers_changed)

    def show_result(self, result: SlideResult | None) -> None:
        """Check this result from now on."""
        self.stop()
        self._result = result
        self._checks = {known: check for known, check in self._checks.items() if known in self._layers.results()}
        self._panel.show_result(result)
        if result is None:
            return
        try:
            result.require_tile_outputs()
        except QuestionError as exc:
            self._panel.allow(str(exc))
            return
        self._panel.allow("")
        if result in self._checks:
            self._show(self._checks[result])
        self._on_layers_changed()

    def stop(self) -> None:
        """Stop what is running."""
        self._checker.cancel()
        self._attributer.cancel()

    def _on_check_requested(self) -> None:
        result = self._result
        if result is not None:
            self._panel.show_running()
            work = partial(_check, result.require_tile_outputs())
            self._checker.request(Job(f"Checking {result.slide.name}", work))

    def _on_stop_requested(self) -> None:
        self._checker.cancel()
        self._panel.show_idle("Stopped.")

    def _on_checked(self, check: _Check) -> None:
        if self._result is not None:
            self._checks[self._result] = check
            self._show(check)

    def _show(self, check: _Check) -> None:
        self._panel.show_checked(check.faithfulness, check.stability)
        self._on_layers_changed()

    def _on_spread_requested(self, stage: int, visible: bool) -> None:
        if self._result not in self._checks:
            return
        stability = self._checks[self._result].stability
        shown = spread_map(stage, stability.spread[stage], stability.options.runs, self._result.prediction.map_classes)
        if visible:
            self._layers.select(self._layers.show_map(self._result, shown.key, map_layer(self._result, shown)))
        else:
            self._layers.remove_map(self._result, shown.key)

    def _on_attribution_requested(self, visible: bool, method: Method, class_index: int) -> None:
        result = self._result
        if result is None:
            return
        if visible:
            self._panel.attribution.show_text("Computing…")
            work = partial(_attribute, result, method, class_index)
            self._attributer.request(Job(f"Attributing {result.slide.name}", work))
        else:
            self._attributer.cancel()
            self._layers.remove_map(result, ATTRIBUTION)
            self._panel.attribution.show_visible(visible=False)

    def _on_attributed(self, attribution: _Attribution) -> None:
        result = self._result
        if result is None:
            return
        classes = result.prediction.classes
        shown = attribution_map(attribution.method, classes[attribution.class_index], attribution.values)
        self._layers.select(self._layers.show_map(result, ATTRIBUTION, map_layer(result, shown)))
        correlations = correlations_in_words(
            attention_against(attribution.values, result.prediction), result.prediction.map_names
        )
        self._panel.attribution.show_text(f"{correlations}\n{shown.legend}")

    def _on_attribution_failed(self, error: MsmMilError) -> None:
        self._panel.attribution.show_visible(visible=False)
        self._panel.attribution.show_text(str(error))

    def _on_layers_changed(self) -> None:
        if self._result is None:
            return
        for stage, switch in enumerate(self._panel.spreads):
            layer = self._layers.layer_by_key(self._result, f"spread-{stage}")
            switch.show_legend(layer.metadata["legend"] if layer is not None and layer.visible else "")
        if not self._attributer.busy:
            layer = self._layers.layer_by_key(self._result, ATTRIBUTION)
            self._panel.attribution.show_visible(layer is not None and layer.visible)


def _check(tile_outputs: TileOutputs) -> Generator[Progress, None, _Check]:
    faithfulness = yield from measure_faithfulness(tile_outputs, FaithfulnessOptions())
    stability = yield from measure_stability(tile_outputs, StabilityOptions())
    return _Check(faithfulness, stability)


def _attribute(result: SlideResult, method: Method, class_index: int) -> Generator[Progress, None, _Attribution]:
    yield Progress("Attributing", 0, 1)
    values = attribute(result.require_tile_outputs(), result.tiles, class_index, method)
    return _Attribution(method, class_index, values)
