"""How the results in a viewer are shown: read, changed, and followed when the user changes it by hand."""

from napari.layers import Layer
from qtpy.QtCore import QObject, Signal
from superqt.utils import QSignalDebouncer

from msm_mil_core.display.stage_display import StageDisplay, StageSettings
from msm_mil_core.results.annotations import View
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.display_writer import (
    changed_by_hand,
    draw_stages,
    existing_keys,
    layer_key,
    read_display,
    write_display,
)
from napari_msm_mil.layers.saved_view import view_of
from napari_msm_mil.layers.viewer_layers import ViewerLayers

REST_MS = 150
"""How long a slider must rest before hidden maps are drawn again too."""


class ResultDisplays(QObject):
    """Reads and changes the displays of results."""

    changed = Signal()
    """A result is shown in another way, or one of its layers was added or removed."""

    def __init__(self, layers: ViewerLayers) -> None:
        super().__init__(layers)
        self._layers = layers
        self._writing = False
        self._rest = QSignalDebouncer(parent=self)
        self._rest.setTimeout(REST_MS)
        self._rest.triggered.connect(self._draw_hidden)
        self._follow_existing()
        layers.visible_changed.connect(self._on_visible_changed)
        layers.results_changed.connect(self.changed)

    def display(self, result: SlideResult) -> StageDisplay:
        """Return how a result is shown now."""
        stages = (StageSettings(),) * len(result.prediction.stages)
        return read_display(self._layers.of(result)) or StageDisplay(stages).with_layers(frozenset())

    def view(self, result: SlideResult) -> View | None:
        """Return the view to be saved with a result; None while a layer of a stage is missing."""
        return view_of(self.display(result))

    def show(self, result: SlideResult, display: StageDisplay) -> None:
        """Show a result in another way; hidden maps are drawn when nothing has changed for a moment."""
        self._writing = True
        write_display(self._layers.of(result), display)
        self._writing = False
        self._rest.throttle()
        self.changed.emit()

    def _follow_existing(self) -> None:
        """Take over what was changed while no dock was open."""
        for result in self._layers.results():
            for layer in self._layers.of(result):
                self._take_over(layer)
            self.show(result, self.display(result).with_layers(existing_keys(self._layers.of(result))))

    def _take_over(self, layer: Layer) -> None:
        key, result = layer_key(layer), layer.metadata["result"]
        if key is not None and changed_by_hand(layer):
            self.show(result, self.display(result).with_layer_shown(key, visible=layer.visible))

    def _draw_hidden(self) -> None:
        for result in self._layers.results():
            draw_stages(self._layers.of(result))

    def _on_visible_changed(self, layer: Layer) -> None:
        if not self._writing:
            self._take_over(layer)
            self.changed.emit()
