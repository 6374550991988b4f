"""Two stages that take turns."""

from qtpy.QtCore import QObject, QTimer, Signal

from msm_mil_core.display.stage_display import Pair
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.result_displays import ResultDisplays

TURN_MS = 700


class Blink(QObject):
    """Shows the next of two stages at every turn, as long as the display of the result blinks."""

    blinking = Signal(bool)

    def __init__(self, displays: ResultDisplays) -> None:
        super().__init__(displays)
        self._displays = displays
        self._result: SlideResult | None = None
        self._turn = QTimer(self)
        self._turn.setInterval(TURN_MS)
        self._turn.timeout.connect(self._on_turn)
        displays.changed.connect(self._on_changed)

    @property
    def on(self) -> bool:
        """Whether stages take turns."""
        return self._result is not None

    def start(self, result: SlideResult, pair: Pair | None = None) -> None:
        """Let two stages take turns: this pair, else the first two that are shown, else the first two of all."""
        self.stop()
        display = self._displays.display(result).with_blink(pair)
        if display.blink is None:
            return
        self._displays.show(result, display)
        self._result = result
        self._turn.start()
        self.blinking.emit(True)

    def stop(self) -> None:
        """Show again what was shown before."""
        if self._result is not None:
            self._displays.show(self._result, self._displays.display(self._result).without_temporary())

    def _on_turn(self) -> None:
        if self._result is not None:
            self._displays.show(self._result, self._displays.display(self._result).with_next_turn())

    def _on_changed(self) -> None:
        if self._result is not None and self._displays.display(self._result).blink is None:
            self._turn.stop()
            self._result = None
            self.blinking.emit(False)
