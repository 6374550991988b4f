"""The switch of a map of the tiles, and the map's legend."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_msm_mil.widgets.wrapped_label import WrappedText


class MapSwitch(QWidget):
    """Requests to show or hide a map of the tiles, and shows its legend."""

    requested = Signal(bool)

    def __init__(self, object_name: str, text: str, help_text: str, *choices: QWidget) -> None:
        """Make a switch with a text, and further choices beside it."""
        super().__init__()
        self._box = QCheckBox(text)
        self._box.setObjectName(object_name)
        self._box.setToolTip(help_text)
        self._box.clicked.connect(self.requested)
        self._legend = WrappedText(f"{object_name}_legend")
        line = QHBoxLayout()
        line.addWidget(self._box)
        for choice in choices:
            line.addWidget(choice, not isinstance(choice, QLabel))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(line)
        layout.addWidget(self._legend)
        self.show_legend("")

    def set_text(self, text: str) -> None:
        """Rename the map."""
        self._box.setText(text)

    def show_legend(self, legend: str) -> None:
        """Show that the map is visible, and what it means; an empty text shows that it is hidden."""
        self._box.setChecked(bool(legend))
        self._legend.setText(legend)
        self._legend.setVisible(bool(legend))

    @property
    def legend(self) -> str:
        """What the map means; empty where it is hidden."""
        return self._legend.text()

    @property
    def on(self) -> bool:
        """Whether the map is visible."""
        return self._box.isChecked()
