"""Which result the panel shows, and how its stages look: it joins the panel and the layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from qtpy.QtCore import QObject, Signal

from msm_mil_core.display.heatmap import Contrast
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.dock.result_panel import ResultPanel
from napari_msm_mil.layers.blink import Blink, Pair
from napari_msm_mil.layers.side_by_side import SideBySide
from napari_msm_mil.layers.stage_layers import StageLayers
from napari_msm_mil.layers.viewer_layers import ViewerLayers

if TYPE_CHECKING:
    from napari import Viewer


class StageViewController(QObject):
    """Shows the latest result, or the one of which the user selects a layer; does what its table wishes."""

    viewed = Signal(object)
    """A `SlideResult` of which something is shown in another way."""

    def __init__(self, viewer: Viewer, layers: ViewerLayers, panel: ResultPanel) -> None:
        super().__init__(panel)
        self._layers, self._panel = layers, panel
        self.stages = StageLayers(layers)
        self._blink, self._side = Blink(self.stages), SideBySide(viewer, layers, self.stages)
        self._result: SlideResult | None = None
        self._connect()
        self._show(layers.active_result())
        self._on_looks_changed()

    @property
    def result(self) -> SlideResult | None:
        """The result that is shown."""
        return self._result

    def _connect(self) -> None:
        table = self._panel.stages
        table.visible_requested.connect(self._on_visible_requested)
        table.alone_requested.connect(self._on_alone_requested)
        table.contrast_requested.connect(self._on_contrast_requested)
        table.claimed_requested.connect(self._on_claimed_requested)
        table.look.opacity_requested.connect(self._on_opacity_requested)
        table.look.top_requested.connect(self._on_top_requested)
        table.look.shared_requested.connect(self._on_shared_requested)
        table.look.blink_requested.connect(lambda _: self.toggle_blink())
        table.look.pair_requested.connect(self._on_pair_requested)
        table.look.side_by_side_requested.connect(lambda _: self.toggle_side_by_side())
        self._blink.blinking.connect(table.look.show_blinking)
        self._side.changed.connect(table.look.show_side_by_side)
        for passing in (self._blink, self._side):
            self._layers.about_to_change.connect(passing.stop)
        self._layers.chosen.connect(self._show)
        self.stages.looks_changed.connect(self._on_looks_changed)

    def _show(self, result: SlideResult | None) -> None:
        if result is self._result:
            return
        self._blink.stop()
        self._result = result
        self._panel.show_result(result, None if result is None else self._layers.kept(result))
        if result is not None:
            self._show_looks(result)

    def _show_looks(self, result: SlideResult) -> None:
        self._panel.stages.show_looks(self.stages.looks(result), self.stages.claimed_visible(result))

    def _on_looks_changed(self) -> None:
        there = self._layers.results()
        if self._result is None or not any(self._result is result for result in there):
            self._show(there[-1] if there else None)
        else:
            self._show_looks(self._result)
            if not self._blink.on and not self._side.on:
                self.viewed.emit(self._result)

    def _on_visible_requested(self, index: int, visible: bool) -> None:
        if self._result is not None:
            self.stages.set_visible(self._result, index, visible=visible)

    def _on_alone_requested(self, index: int, alone: bool) -> None:
        if alone:
            self._show_alone(index)
        else:
            self.release()

    def _show_alone(self, index: int) -> None:
        """Show a stage alone, and select it, so that napari's own controls are those of what is seen."""
        self._end_passing()
        if self._result is not None:
            self.stages.set_alone(self._result, index)
            self._layers.select(*self._layers.stages(self._result, index))

    def _end_passing(self) -> None:
        self._blink.stop()
        self._side.stop()

    def _on_contrast_requested(self, index: int, contrast: str) -> None:
        if self._result is not None:
            self.stages.set_contrast(self._result, None if index < 0 else index, cast("Contrast", contrast))

    def _on_claimed_requested(self, visible: bool) -> None:
        self._side.stop()  # its cells have outlines of their own
        if self._result is not None:
            self.stages.set_claimed_visible(self._result, visible=visible)

    def _on_opacity_requested(self, opacity: float) -> None:
        if self._result is not None:
            self.stages.set_opacity(self._result, opacity)

    def _on_top_requested(self, percent: float) -> None:
        if self._result is not None:
            self.stages.set_top(self._result, percent)

    def _on_shared_requested(self, shared: bool) -> None:
        if self._result is not None:
            self.stages.set_shared(self._result, shared=shared)

    def _on_pair_requested(self, pair: Pair | None) -> None:
        self._side.stop()
        if self._result is not None:
            self._blink.start(self._result, pair)

    def toggle_blink(self) -> None:
        """Let two stages take turns, or stop it."""
        if self._blink.on:
            self._blink.stop()
        else:
            self._on_pair_requested(self._panel.stages.look.pair)
        self._panel.stages.look.show_blinking(self._blink.on)

    def toggle_side_by_side(self) -> None:
        """Put stages side by side, or back."""
        self._blink.stop()
        if self._side.on or self._result is None:
            self._side.stop()
        else:
            self._side.start(self._result)
        self._panel.stages.look.show_side_by_side(self._side.on)

    def step_alone(self, by: int) -> None:
        """Show the next stage alone, or the one before."""
        if self._result is None:
            return
        self._end_passing()
        stages = [index for index, look in enumerate(self.stages.looks(self._result)) if look is not None]
        alone = self.stages.alone(self._result)
        if stages:
            self._show_alone(stages[_step(len(stages), None if alone is None else stages.index(alone), by)])

    def release(self) -> None:
        """Show again what was shown before a stage was shown alone."""
        self._end_passing()
        if self._result is not None:
            self.stages.set_alone(self._result, None)

    def toggle_visible(self, index: int) -> None:
        """Show or hide one stage."""
        looks = () if self._result is None else self.stages.looks(self._result)
        look = looks[index] if index < len(looks) else None
        if self._result is not None and look is not None:
            self.stages.set_visible(self._result, index, visible=not look.visible)

    def toggle_claimed(self) -> None:
        """Show or hide the outlines of claimed tiles."""
        self._side.stop()
        if self._result is not None:
            self._on_claimed_requested(not self.stages.claimed_visible(self._result))

    def stop(self) -> None:
        """Bring back what was shown before, as far as it was changed for a while."""
        self._end_passing()


def _step(count: int, now: int | None, by: int) -> int:
    first = 0 if by > 0 else count - 1
    return first if now is None else (now + by) % count
