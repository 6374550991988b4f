"""The row that shows what other methods of attribution say, to compare with the stages' attention."""

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QLabel, QVBoxLayout, QWidget

from msm_mil_core.explain.attribution import METHODS
from msm_mil_core.mil.map_names import in_sentence
from napari_msm_mil.widgets.controls import choice_grid, named_box
from napari_msm_mil.widgets.wrapped_label import WrappedText


class AttributionRow(QWidget):
    """Shows or hides one attribution layer."""

    requested = Signal(bool, str, int)
    """Whether to show it, the method, and the class."""

    def __init__(self) -> None:
        super().__init__()
        self._show = QCheckBox("Show")
        self._show.setObjectName("attribution_visible")
        self._show.setAccessibleName("Show what another method attributes to each tile")
        self._show.setToolTip("What another method says each tile contributes, to compare with attention")
        self._method = named_box("attribution_method", "Attribution method")
        self._method.addItems(list(METHODS))
        self._class = named_box("attribution_class", "Attributed class")
        self._text = WrappedText("attribution_text")
        self._text.setToolTip("Rank correlation: 1 same order of the tiles, 0 unrelated, -1 opposite order")
        self._show.clicked.connect(lambda _: self._request())
        for box in (self._method, self._class):
            box.activated.connect(lambda _: self._on_chosen())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(QLabel("Other methods of attribution"))
        layout.addLayout(choice_grid(self._show, self._method, "for", self._class))
        layout.addWidget(self._text)
        self.show_text("")

    @property
    def text(self) -> str:
        """The legend, and how similarly each stage's attention ranks the tiles."""
        return self._text.text()

    def show_classes(self, classes: tuple[str, ...], winner: str) -> None:
        """Offer these classes."""
        self._class.clear()
        self._class.addItems(list(classes))
        self._class.setCurrentIndex(classes.index(winner))
        self.show_visible(visible=False)

    def show_visible(self, visible: bool) -> None:
        """Show whether the layer is visible."""
        self._show.setChecked(visible)
        if not visible:
            self.show_text("")

    def show_text(self, text: str) -> None:
        """Show what is displayed, or being computed."""
        self._text.setText(text)
        self._text.setVisible(bool(text))

    def _on_chosen(self) -> None:
        if self._show.isChecked():
            self._request()

    def _request(self) -> None:
        self.requested.emit(self._show.isChecked(), self._method.currentText(), max(0, self._class.currentIndex()))


def correlations_in_words(correlations: Sequence[float], names: Sequence[str]) -> str:
    """Say how similarly each stage's attention and an attribution rank the tiles."""
    parts = [f"{in_sentence(name)} {value:+.2f}" for name, value in zip(names, correlations, strict=True)]
    return f"Rank correlation with attention: {', '.join(parts)}."
