"""The line that shows evidence: for which class, through which stages, and how it adds up."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.widgets.controls import choice_grid, named_box
from napari_msm_mil.widgets.wrapped_label import WrappedText

ALL, ALL_STAGES = -1, "all stages"
LOG_ODDS = "Log-odds of a class: 0 if it is as probable as what it is held against, 2.3 if ten times as probable."
HELP = f"What each tile adds to the log-odds of a class: exact, where attention is not. {LOG_ODDS}"


class EvidenceRow(QWidget):
    """Shows or hides one evidence layer, with its sum and its legend while it is shown."""

    requested = Signal(bool, int, int)
    """Whether to show it, the class, and the stage; -1 stands for all."""

    def __init__(self) -> None:
        super().__init__()
        self._show = QCheckBox("Evidence for")
        self._show.setObjectName("evidence_visible")
        self._show.setToolTip(HELP)
        self._class = named_box("evidence_class", "For which class", letters=3)
        self._stage = named_box("evidence_stage", "Through which stages", letters=9)
        self._text = WrappedText("evidence_text")
        self._text.setToolTip(LOG_ODDS)
        self._show.clicked.connect(lambda _: self._request())
        for box in (self._class, self._stage):
            box.activated.connect(lambda _: self._on_chosen())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(choice_grid(self._show, self._class, "of", self._stage))
        layout.addWidget(self._text)
        self.show_text("")

    @property
    def class_index(self) -> int:
        """The chosen class."""
        return max(0, self._class.currentIndex())

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """What the keyboard goes through, in order."""
        return self._show, self._class, self._stage

    def show_result(self, result: SlideResult) -> None:
        """Offer the classes and stages of a result; the class that the model predicts is selected."""
        prediction = result.prediction
        self._class.clear()
        self._class.addItems(list(prediction.classes))
        self._class.setCurrentIndex(prediction.classes.index(prediction.winner))
        self._stage.clear()
        self._stage.addItems(["all maps" if prediction.map_classes else ALL_STAGES, *prediction.map_names])

    def choose_all_stages(self) -> None:
        """Choose the evidence through all stages."""
        self._stage.setCurrentIndex(0)

    def show_visible(self, visible: bool) -> None:
        """Show whether the layer is visible."""
        self._show.setChecked(visible)

    def show_text(self, text: str) -> None:
        """Show how it adds up, or why there is none."""
        self._text.setText(text)
        self._text.setVisible(bool(text))

    def _on_chosen(self) -> None:
        self._show.setChecked(True)
        self._request()

    def _request(self) -> None:
        self.requested.emit(self._show.isChecked(), self.class_index, self._stage.currentIndex() - 1)
