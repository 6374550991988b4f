"""Which result the panel shows, and how its stages are displayed: it joins the panel and the layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from napari.layers import Image
from qtpy.QtCore import QObject, Signal

from msm_mil_core.display.heatmap import Contrast
from msm_mil_core.display.stage_display import CLAIMED, Pair, StageDisplay, visible_layers
from msm_mil_core.display.view_choice import with_all_stages, with_one_stage
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.dock.result_panel import ResultPanel
from napari_msm_mil.layers.blink import Blink
from napari_msm_mil.layers.result_displays import ResultDisplays
from napari_msm_mil.layers.side_by_side import SideBySide
from napari_msm_mil.layers.viewer_layers import ViewerLayers

if TYPE_CHECKING:
    from napari import Viewer


class StageViewController(QObject):
    """Shows the latest result, or the one of which the user selects a layer, as its table requests."""

    viewed = Signal(object)
    """A `SlideResult` of which something is shown in another way."""

    def __init__(self, viewer: Viewer, layers: ViewerLayers, panel: ResultPanel) -> None:
        super().__init__(panel)
        self._layers, self._panel = layers, panel
        self.displays = ResultDisplays(layers)
        self._blink, self._side = Blink(self.displays), SideBySide(viewer, layers, self.displays)
        self._result: SlideResult | None = None
        self._lone = 0
        """The stage that was alone last."""
        self._connect()
        self._show(layers.active_result())
        self._on_displays_changed()

    @property
    def result(self) -> SlideResult | None:
        """The result that is shown."""
        return self._result

    def toggle_blink(self) -> None:
        """Let two stages take turns, or stop it."""
        if self._blink.on:
            self._blink.stop()
        else:
            self._on_pair_requested(self._panel.stages.bar.pair)
        self._panel.stages.bar.show_blinking(self._blink.on)

    def toggle_side_by_side(self) -> None:
        """Show stages side by side, or stop it."""
        if self._side.on or self._result is None:
            self._side.stop()
        else:
            self._blink.stop()
            self._side.start(self._result)
        self._panel.stages.bar.show_side_by_side(self._side.on)

    def show_side_by_side(self, maps: Sequence[Image]) -> None:
        """Show maps of the result side by side, such as those of two models."""
        self.stop()
        if self._result is not None:
            self._side.start(self._result, maps)

    def step_alone(self, by: int) -> None:
        """Show the next stage alone, or the one before."""
        if self._result is None:
            return
        display = self.displays.display(self._result).without_temporary()
        stages = sorted(display.present)
        if stages:
            now = None if display.alone is None else stages.index(display.alone)
            self._show_alone(stages[_step(len(stages), now, by)])

    def release(self) -> None:
        """Show again what was shown before a stage was shown alone."""
        self._change(lambda display: display.with_solo(None))

    def toggle_visible(self, index: int) -> None:
        """Show or hide one stage."""

        def toggled(display: StageDisplay) -> StageDisplay:
            exists = index in display.present
            return display.with_layer_shown(index, visible=index not in visible_layers(display)) if exists else display

        self._change(toggled)

    def toggle_claimed(self) -> None:
        """Show or hide the outlines of claimed tiles."""
        if self._result is not None:
            self._on_claimed_requested(not self.displays.display(self._result).claimed_shown)

    def stop(self) -> None:
        """Show again what was shown before, as far as it was changed for a while."""
        self._blink.stop()
        self._side.stop()

    def _connect(self) -> None:
        table, choice, bar = self._panel.stages, self._panel.stages.choice, self._panel.stages.bar
        choice.all_requested.connect(lambda: self._change(with_all_stages))
        choice.one_requested.connect(self._on_one_requested)
        table.visible_requested.connect(self._on_visible_requested)
        table.alone_requested.connect(self._on_alone_requested)
        table.contrast_requested.connect(self._on_contrast_requested)
        table.claimed_requested.connect(self._on_claimed_requested)
        bar.opacity_requested.connect(lambda opacity: self._change(lambda display: display.with_opacity(opacity)))
        bar.top_requested.connect(lambda percent: self._change(lambda display: display.with_top_percent(percent)))
        bar.shared_requested.connect(
            lambda shared: self._change(lambda display: display.with_shared_scale(shared=shared))
        )
        bar.blink_requested.connect(lambda _: self.toggle_blink())
        bar.pair_requested.connect(self._on_pair_requested)
        bar.side_by_side_requested.connect(lambda _: self.toggle_side_by_side())
        self._blink.blinking.connect(bar.show_blinking)
        self._side.changed.connect(bar.show_side_by_side)
        self._layers.about_to_change.connect(self.stop)
        self._layers.chosen.connect(self._show)
        self.displays.changed.connect(self._on_displays_changed)

    def _show(self, result: SlideResult | None) -> None:
        if result is self._result:
            return
        self._blink.stop()
        self._result, self._lone = result, 0
        self._panel.show_result(result, None if result is None else self._layers.result_file(result))
        if result is not None:
            self._panel.stages.show_display(self.displays.display(result))

    def _change(self, change: Callable[[StageDisplay], StageDisplay]) -> None:
        if self._result is not None:
            self.displays.show(self._result, change(self.displays.display(self._result)))

    def _on_displays_changed(self) -> None:
        existing = self._layers.results()
        if self._result is None or not any(self._result is result for result in existing):
            self._show(existing[-1] if existing else None)
            return
        display = self.displays.display(self._result)
        self._panel.stages.show_display(display)
        if display.temporary is None:
            self.viewed.emit(self._result)

    def _on_visible_requested(self, index: int, visible: bool) -> None:
        self._change(lambda display: display.with_layer_shown(index, visible=visible))

    def _on_alone_requested(self, index: int, alone: bool) -> None:
        if alone:
            self._show_alone(index)
        else:
            self.release()

    def _on_one_requested(self) -> None:
        """Show the stage alone that was alone last; the first one if none was."""
        if self._result is not None:
            stages = sorted(self.displays.display(self._result).present)
            self._show_alone(self._lone if self._lone in stages else stages[0])

    def _show_alone(self, index: int) -> None:
        """Show a stage alone, and select it, so that napari's own controls are those of what is visible."""
        self._lone = index
        self._change(lambda display: with_one_stage(display, index))
        if self._result is not None:
            self._layers.select(*self._layers.stages(self._result, index))

    def _on_contrast_requested(self, index: int, contrast: str) -> None:
        stage = None if index < 0 else index
        self._change(lambda display: display.with_contrast(cast("Contrast", contrast), stage))

    def _on_claimed_requested(self, visible: bool) -> None:
        self._side.stop()  # its cells have outlines of their own
        self._change(lambda display: display.with_layer_shown(CLAIMED, visible=visible))

    def _on_pair_requested(self, pair: Pair | None) -> None:
        self._side.stop()
        if self._result is not None:
            self._blink.start(self._result, pair)


def _step(count: int, now: int | None, by: int) -> int:
    first = 0 if by > 0 else count - 1
    return first if now is None else (now + by) % count
