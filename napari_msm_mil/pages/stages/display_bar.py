"""How much of the maps is visible: opacity, the top of each map; and other ways to show the stages."""

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from msm_mil_core.display.stage_display import Pair, StageDisplay
from napari_msm_mil.pages.stages.blink_button import BlinkButton

TOPS = (0.1, 0.5, 1, 2, 3, 4, 5, 7.5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100)
"""Stops of the slider of the top, in percent."""


class DisplayBar(QWidget):
    """Two sliders for all stages, the switch of the common scale, and the buttons Blink, Side by side and ?."""

    opacity_requested = Signal(float)
    """0 to 1."""
    top_requested = Signal(float)
    """Percent."""
    shared_requested = Signal(bool)
    blink_requested = Signal(bool)
    pair_requested = Signal(object)
    """To blink between this `Pair`; None for the first two that are shown."""
    side_by_side_requested = Signal(bool)
    keys_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._opacity = _slider("opacity", "Opacity of all stages", 100)
        self._top = _slider("top", "How much of each map is shown, from the top", len(TOPS) - 1)
        self._opacity_text, self._top_text = QLabel(), QLabel()
        self._shared = QCheckBox("All stages on one scale")
        self._shared.setObjectName("shared")
        self._shared.setToolTip("The same colour then stands for the same value in every stage")
        self._blink = BlinkButton()
        self._side = QPushButton("Side by side")
        self._side.setCheckable(True)
        self._side.setObjectName("side_by_side")
        self._side.setToolTip("Each stage beside the others; press again to return")
        self._keys = QPushButton("?")
        self._keys.setObjectName("keys_help")
        self._keys.setAccessibleName("Keys")
        self._keys.setToolTip("List the keyboard shortcuts")
        self._keys.setMaximumWidth(32)
        self._connect()
        self._lay_out()

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """What the keyboard goes through, in order."""
        return self._shared, self._opacity, self._top, *self._blink.controls, self._side, self._keys

    @property
    def pair(self) -> Pair | None:
        """The stages chosen to blink; None for the first two that are shown."""
        return self._blink.pair

    def show_stages(self, stages: int, classes: tuple[str, ...] = ()) -> None:
        """Offer every pair of stages to blink between; what compares stages is not offered where there is one."""
        self._blink.show_stages(stages, classes)
        kind = "map" if classes else "stage"
        self._shared.setText(f"All {kind}s on one scale")
        self._side.setToolTip(f"Each {kind} beside the others; press again to return")
        for widget in (self._shared, self._blink, self._side):
            widget.setVisible(stages > 1)

    def show_display(self, display: StageDisplay) -> None:
        """Show how the stages are displayed; without layers nothing can be operated."""
        present = display.present
        for widget in (self._shared, self._opacity, self._top, self._side):
            widget.setEnabled(bool(present))
        self._blink.setEnabled(len(present) > 1)
        if not present:
            return
        opacity, top_percent = display.stages[min(present)].opacity, display.shown_percent
        self._shared.setChecked(display.shared_scale)
        _move(self._opacity, round(100 * opacity))
        _move(self._top, min(range(len(TOPS)), key=lambda at: abs(TOPS[at] - top_percent)))
        self._opacity_text.setText(f"{100 * opacity:.0f} %")
        self._top_text.setText("all" if top_percent >= 100 else f"top {top_percent:g} %")

    def show_blinking(self, on: bool) -> None:
        """Show whether stages blink."""
        self._blink.show_blinking(on)

    def show_side_by_side(self, on: bool) -> None:
        """Show whether stages stand side by side."""
        self._side.setChecked(on)

    def _connect(self) -> None:
        self._opacity.valueChanged.connect(lambda value: self.opacity_requested.emit(value / 100))
        self._top.valueChanged.connect(lambda at: self.top_requested.emit(float(TOPS[at])))
        self._shared.clicked.connect(self.shared_requested)
        self._blink.requested.connect(self.blink_requested)
        self._blink.pair_requested.connect(self.pair_requested)
        self._side.clicked.connect(self.side_by_side_requested)
        self._keys.clicked.connect(lambda _: self.keys_requested.emit())

    def _lay_out(self) -> None:
        sliders, buttons = QGridLayout(), QHBoxLayout()
        lines = (("Opacity", self._opacity, self._opacity_text), ("Show", self._top, self._top_text))
        for row, (text, slider, value) in enumerate(lines):
            value.setMinimumWidth(value.fontMetrics().horizontalAdvance("top 0.5 %"))
            for column, widget in enumerate((QLabel(text), slider, value)):
                sliders.addWidget(widget, row, column)
        for button in (self._blink, self._side):
            buttons.addWidget(button, 1)
        buttons.addWidget(self._keys)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._shared)
        layout.addLayout(sliders)
        layout.addLayout(buttons)


def _slider(object_name: str, name: str, most: int) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setObjectName(object_name)
    slider.setAccessibleName(name)
    slider.setToolTip(name)
    slider.setRange(0, most)
    slider.setPageStep(max(1, most // 10))
    return slider


def _move(slider: QSlider, value: int) -> None:
    slider.blockSignals(True)  # showing a value requests nothing
    slider.setValue(value)
    slider.blockSignals(False)
