"""Checks a result: the panel wishes, a thread asks the model at length, what comes out becomes words and layers."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject

from msm_mil_core.display.tile_map import attribution_map, spread_map
from msm_mil_core.errors import MsmMilError, QuestionError
from msm_mil_core.explain.attribution import Method, attention_against, attribute
from msm_mil_core.explain.faithfulness import Faithfulness, FaithfulnessOptions, measure_faithfulness
from msm_mil_core.explain.stability import Stability, StabilityOptions, measure_stability
from msm_mil_core.mil.tile_outputs import TileOutputs
from msm_mil_core.progress import Progress
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.background import Background, Job
from napari_msm_mil.layers.tile_map_layers import map_layer
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.pages.check.attribution_row import against_in_words
from napari_msm_mil.pages.check.panel import CheckPanel

ATTRIBUTION = "attribution"
Wanted: TypeAlias = tuple[SlideResult, Method, int]


@dataclass(frozen=True, slots=True, eq=False)
class _Checked:
    result: SlideResult
    faithfulness: Faithfulness
    stability: Stability


@dataclass(frozen=True, slots=True, eq=False)
class _Attributed:
    result: SlideResult
    method: Method
    class_index: int
    values: NDArray[np.float32]


class CheckController(QObject):
    """Keeps what came out for each result, and shows the maps that go with it."""

    def __init__(self, layers: ViewerLayers, panel: CheckPanel) -> None:
        super().__init__(panel)
        self._layers, self._panel = layers, panel
        self._result: SlideResult | None = None
        self._known: dict[SlideResult, _Checked] = {}
        self._asked: SlideResult | None = None
        self._under_way: SlideResult | None = None
        self._wanted: Wanted | None = None
        self._checker, self._attributer = Background(self), Background(self)
        panel.check_requested.connect(self._on_check_requested)
        panel.stop_requested.connect(self._on_stop_requested)
        panel.spread_requested.connect(self._on_spread_requested)
        panel.attribution.requested.connect(self._on_attribution_requested)
        self._checker.progressed.connect(self._on_progressed)
        self._checker.succeeded.connect(self._on_checked)
        self._checker.failed.connect(self._on_check_failed)
        self._checker.cancelled.connect(self._check)
        self._attributer.succeeded.connect(self._on_attributed)
        self._attributer.failed.connect(self._on_attribution_failed)
        self._attributer.cancelled.connect(self._attribute)
        layers.visible_changed.connect(self._on_layers_changed)
        layers.results_changed.connect(self._on_layers_changed)

    def show_result(self, result: SlideResult | None) -> None:
        """Check this result from now on."""
        self.stop()
        self._result = result
        self._known = {known: found for known, found in self._known.items() if known in self._layers.results()}
        self._panel.show_result(result)
        if result is None:
            return
        try:
            result.require_tile_outputs()
        except QuestionError as exc:
            self._panel.allow(str(exc))
            return
        self._panel.allow("")
        if result in self._known:
            self._show(self._known[result])
        self._on_layers_changed()

    def stop(self) -> None:
        """End what is under way."""
        self._asked = self._wanted = None
        self._checker.cancel()
        self._attributer.cancel()

    def _on_check_requested(self) -> None:
        if self._result is not None and self._asked is not self._result:
            self._asked = self._result
            self._check()

    def _check(self) -> None:
        """Check what was asked for last; if something else is under way, when that has stopped."""
        result = self._asked
        if result is None:
            return
        self._panel.checking()
        if self._checker.busy:
            self._checker.cancel()
            return
        self._under_way = result
        self._checker.start(
            Job(f"Checking {result.slide.name}", partial(_check, result, result.require_tile_outputs()))
        )

    def _on_stop_requested(self) -> None:
        self._asked = None
        self._checker.cancel()
        self._panel.idle("Stopped.")

    def _on_progressed(self, now: Progress) -> None:
        if self._asked is not None and self._asked is self._under_way:
            self._panel.progress(now)

    def _on_checked(self, checked: _Checked) -> None:
        self._known[checked.result] = checked
        if checked.result is not self._asked:
            self._check()
            return
        self._asked = None
        self._show(checked)

    def _on_check_failed(self, error: MsmMilError) -> None:
        if self._asked is not self._under_way:
            self._check()
            return
        self._asked = None
        self._panel.idle(str(error))

    def _show(self, checked: _Checked) -> None:
        self._panel.show_checked(checked.faithfulness, checked.stability)
        self._on_layers_changed()

    def _on_spread_requested(self, stage: int, visible: bool) -> None:
        if self._result not in self._known:
            return
        stability = self._known[self._result].stability
        shown = spread_map(stage, stability.spread[stage], stability.options.runs)
        if visible:
            self._layers.select(self._layers.show_map(self._result, shown.key, map_layer(self._result, shown)))
        else:
            self._layers.remove_map(self._result, shown.key)

    def _on_attribution_requested(self, visible: bool, method: Method, class_index: int) -> None:
        if self._result is None:
            return
        self._wanted = (self._result, method, class_index) if visible else None
        if visible:
            self._attribute()
        else:
            self._layers.remove_map(self._result, ATTRIBUTION)
            self._panel.attribution.show_visible(visible=False)

    def _attribute(self) -> None:
        """Compute what is wanted now; if something else is under way, when that is done."""
        if self._wanted is None:
            return
        self._panel.attribution.show_text("Computing…")
        if self._attributer.busy:
            return
        result, method, class_index = self._wanted
        work = partial(_attribute, result, result.require_tile_outputs(), method, class_index)
        self._attributer.start(Job(f"Attributing {result.slide.name}", work))

    def _on_attributed(self, found: _Attributed) -> None:
        if self._wanted != (found.result, found.method, found.class_index):
            self._attribute()
            return
        self._wanted = None
        prediction = found.result.prediction
        shown = attribution_map(found.method, prediction.classes[found.class_index], found.values)
        self._layers.select(self._layers.show_map(found.result, ATTRIBUTION, map_layer(found.result, shown)))
        against = against_in_words(attention_against(found.values, prediction))
        self._panel.attribution.show_text(f"{against}\n{shown.legend}")

    def _on_attribution_failed(self, error: MsmMilError) -> None:
        if self._wanted is None:
            return
        self._wanted = None
        self._panel.attribution.show_visible(visible=False)
        self._panel.attribution.show_text(str(error))

    def _on_layers_changed(self) -> None:
        if self._result is None:
            return
        for stage, switch in enumerate(self._panel.spreads):
            layer = self._layers.layer_by_key(self._result, f"spread-{stage}")
            switch.show_legend(layer.metadata["legend"] if layer is not None and layer.visible else "")
        if self._wanted is not None:
            return
        layer = self._layers.layer_by_key(self._result, ATTRIBUTION)
        self._panel.attribution.show_visible(layer is not None and layer.visible)


def _check(result: SlideResult, tile_outputs: TileOutputs) -> Generator[Progress, None, _Checked]:
    faithfulness = yield from measure_faithfulness(tile_outputs, FaithfulnessOptions())
    stability = yield from measure_stability(tile_outputs, StabilityOptions())
    return _Checked(result, faithfulness, stability)


def _attribute(
    result: SlideResult, tile_outputs: TileOutputs, method: Method, class_index: int
) -> Generator[Progress, None, _Attributed]:
    yield Progress("Attributing", 0, 1)
    values = attribute(tile_outputs, result.tiles, class_index, method)
    return _Attributed(result, method, class_index, values)
