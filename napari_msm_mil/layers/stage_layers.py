"""How the stages of a result are shown: which, how their values are spread over the colours, and their outlines."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from napari.layers import Layer
from qtpy.QtCore import QObject, QTimer, Signal

from msm_mil_core.display.heatmap import Contrast
from msm_mil_core.results.annotations import StageView, View
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.layer_data import CLAIMED, disambiguated, stage_layer_name
from napari_msm_mil.layers.stage_images import Spread, StageMaps
from napari_msm_mil.layers.stage_visibility import Solo
from napari_msm_mil.layers.viewer_layers import ViewerLayers

REST_MS = 150
"""How long a slider must rest before hidden layers are drawn anew too."""


@dataclass(frozen=True, slots=True)
class StageLook:
    """How one stage is shown at the moment."""

    visible: bool
    alone: bool
    """Whether the other stages of the result are hidden for it until it is released."""
    contrast: Contrast
    shared: bool = False
    """Whether its colours stand for the same values as those of the other stages."""
    top_percent: float = 100
    """How much of its map is shown, from the top."""
    opacity: float = 0.7


class StageLayers(QObject):
    """Changes the layers of stages; what they show is kept in their metadata and nowhere else."""

    chosen_by_hand = Signal()
    """The user showed or hid a stage in another way than by solo."""
    looks_changed = Signal()
    """A layer of a result was shown, hidden, changed, added or removed."""

    def __init__(self, layers: ViewerLayers) -> None:
        super().__init__(layers)
        self._layers, self._maps = layers, StageMaps()
        self._solo = Solo()
        self._held: dict[Layer, bool] = {}
        self._stale: set[Layer] = set()
        self._changing = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._draw_hidden)
        layers.visible_changed.connect(self._on_visible_changed)
        layers.results_changed.connect(self._on_results_changed)

    def looks(self, result: SlideResult) -> tuple[StageLook | None, ...]:
        """Tell how each stage is shown; None for one whose layer was removed."""
        layers = {layer.metadata["stage"]: layer for layer in self._layers.stages(result)}
        return tuple(self._look(layers.get(index)) for index in range(len(result.prediction.stages)))

    def set_visible(self, result: SlideResult, index: int, *, visible: bool) -> None:
        """Show or hide one stage."""
        for layer in self._layers.stages(result, index):
            layer.visible = visible

    def alone(self, result: SlideResult) -> int | None:
        """Return the stage that is shown alone."""
        return next((index for index, look in enumerate(self.looks(result)) if look is not None and look.alone), None)

    def set_alone(self, result: SlideResult, index: int | None) -> None:
        """Show one stage alone, in colours that tell more levels apart; None brings back what was shown before."""
        stages = self._layers.stages(result)
        self._changing = True
        if index is None:
            self._solo.release(stages)
        else:
            self._solo.show(stages, index)
        self._changing = False
        self._refresh()

    def hold(self, result: SlideResult) -> None:
        """Keep what is seen now as the view of a result, while others show and hide its layers."""
        claimed = self._layers.layer_by_key(result, CLAIMED)
        layers = [*self._layers.stages(result), *([] if claimed is None else [claimed])]
        self._held = {layer: self._solo.seen_before(layer) for layer in layers}

    def resume(self) -> None:
        """Let what is seen be the view again."""
        self._held = {}

    def set_contrast(self, result: SlideResult, index: int | None, contrast: Contrast) -> None:
        """Spread one stage's values, or all stages', over the colours in another way; the layer's name says which."""
        for layer in self._layers.stages(result, index):
            layer.metadata["spread"] = replace(layer.metadata["spread"], contrast=contrast)
        self._respread(result)

    def set_shared(self, result: SlideResult, *, shared: bool) -> None:
        """Let the colours of all stages stand for the same values, or those of each for its own."""
        for layer in self._layers.stages(result):
            layer.metadata["spread"] = replace(layer.metadata["spread"], shared=shared)
        self._respread(result)

    def set_top(self, result: SlideResult, percent: float) -> None:
        """Show only the top of each stage's map; 100 shows all of it. What is hidden follows when the slider rests."""
        for layer in self._layers.stages(result):
            layer.metadata["spread"] = replace(layer.metadata["spread"], top_percent=percent)
            self._stale.add(layer)
        self._refresh()
        self._rest.start()

    def set_opacity(self, result: SlideResult, opacity: float) -> None:
        """Set the opacity of all stages."""
        for layer in self._layers.stages(result):
            layer.opacity = opacity
        self.looks_changed.emit()

    def claimed_visible(self, result: SlideResult) -> bool | None:
        """Tell whether the outlines of the claimed tiles are shown; None if their layer was removed."""
        layer = self._layers.layer_by_key(result, CLAIMED)
        return None if layer is None else self._held.get(layer, layer.visible)

    def set_claimed_visible(self, result: SlideResult, *, visible: bool) -> None:
        """Show or hide the outlines of the claimed tiles."""
        layer = self._layers.layer_by_key(result, CLAIMED)
        if layer is not None:
            layer.visible = visible

    def view(self, result: SlideResult) -> View | None:
        """Return how a result is shown, but for what passes; None while a layer of a stage is missing."""
        layers = sorted(self._layers.stages(result), key=lambda layer: int(layer.metadata["stage"]))
        if len(layers) < len(result.prediction.stages):
            return None
        spread = layers[0].metadata["spread"]
        return View(
            stages=tuple(self._stage_view(layer, self._layers.veiled(result)) for layer in layers),
            shared_scale=spread.shared,
            top_percent=spread.top_percent,
            claimed=bool(self.claimed_visible(result)),
        )

    def apply(self, result: SlideResult, view: View) -> None:
        """Show a result as it was shown; what the view does not tell of is as it is at first."""
        stages = [*view.stages, *([StageView()] * len(result.prediction.stages))]
        self.set_alone(result, None)
        for layer in self._layers.stages(result):
            stage = stages[layer.metadata["stage"]]
            layer.metadata["spread"] = Spread(stage.contrast, view.shared_scale, view.top_percent)
            layer.opacity = stage.opacity
        self._layers.bring_back(result, [index for index, stage in enumerate(stages) if stage.visible])
        self.set_claimed_visible(result, visible=view.claimed)
        self._respread(result)

    def _respread(self, result: SlideResult) -> None:
        for layer in self._layers.stages(result):
            self._draw(layer)
        self.looks_changed.emit()

    def _refresh(self) -> None:
        """Draw anew what is seen."""
        for layer in [layer for layer in self._stale if layer.visible]:
            self._draw(layer)
        self.looks_changed.emit()

    def _draw_hidden(self) -> None:
        for layer in list(self._stale):
            self._draw(layer)

    def _draw(self, layer: Layer) -> None:
        self._stale.discard(layer)
        result, stage, spread = (layer.metadata[key] for key in ("result", "stage", "spread"))
        layer.data = self._maps.pixels(result, stage, spread)
        limits = self._maps.limits(result, stage, spread)
        if tuple(layer.contrast_limits) != limits:
            layer.contrast_limits_range = limits
            layer.contrast_limits = limits
        name = disambiguated(stage_layer_name(result, stage, spread), layer.metadata.get("run", 1))
        if layer.name != name:
            layer.name = name

    def _look(self, layer: Layer | None) -> StageLook | None:
        if layer is None:
            return None
        alone = self._solo.holds(layer) and layer.visible
        spread = layer.metadata["spread"]
        return StageLook(layer.visible, alone, spread.contrast, spread.shared, spread.top_percent, layer.opacity)

    def _stage_view(self, layer: Layer, veiled: Collection[int]) -> StageView:
        seen = layer.metadata["stage"] in veiled or self._held.get(layer, self._solo.seen_before(layer))
        return StageView(visible=seen, contrast=layer.metadata["spread"].contrast, opacity=layer.opacity)

    def _on_visible_changed(self, layer: Layer) -> None:
        if self._changing:
            return
        if "stage" in layer.metadata:  # the user chose anew: there is nothing to bring back
            self._solo.forget(self._layers.stages(layer.metadata["result"]))
            self.chosen_by_hand.emit()
        self._refresh()

    def _on_results_changed(self) -> None:
        results = self._layers.results()
        there = {layer for result in results for layer in self._layers.stages(result)}
        self._solo.forget_all_but(there)
        self._stale &= there
        self._maps.forget_all_but(results)
        self.looks_changed.emit()
