"""A row of buttons of which at most one is down: one choice out of a few, all in view."""

from collections.abc import Mapping

from qtpy.QtCore import QEvent, QSize, Qt, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

STYLE = "QPushButton { padding: 4px }"
PADDING_PX = 12


class Segments(QWidget):
    """Reports which button is pressed; it is down once it is said to be chosen."""

    requested = Signal(str)
    """The object name of the button."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Make a button for each object name and text; the last one takes the room that is left."""
        super().__init__()
        self._chosen: str | None = None
        self._buttons = {name: ElidingButton(name, text) for name, text in texts.items()}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        for name, button in self._buttons.items():
            button.setCheckable(True)
            button.setStyleSheet(STYLE)
            button.clicked.connect(lambda _, name=name: self._on_clicked(name))
            layout.addWidget(button)
        self._buttons[name].may_be_cut()
        layout.setStretch(layout.count() - 1, 1)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """What the keyboard goes through, in order."""
        return tuple(self._buttons.values())

    @property
    def chosen(self) -> str | None:
        """The button that is down."""
        return self._chosen

    def button(self, name: str) -> "ElidingButton":
        """Return the button with an object name."""
        return self._buttons[name]

    def show_chosen(self, name: str | None) -> None:
        """Let one button be down, or none."""
        self._chosen = name
        for each, button in self._buttons.items():
            button.setChecked(each == name)

    def _on_clicked(self, name: str) -> None:
        self.show_chosen(self._chosen)  # a press is a request, and may be refused
        self.requested.emit(name)


class ElidingButton(QPushButton):
    """A button whose long text is cut to the room there is; a screen reader has all of it."""

    def __init__(self, object_name: str, text: str) -> None:
        super().__init__()
        self._whole, self._cuttable = "", False
        self.setObjectName(object_name)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self.set_whole_text(text)

    def may_be_cut(self) -> None:
        """Take whatever width there is."""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(1)
        self._cuttable = True
        self._cut()

    def set_whole_text(self, text: str) -> None:
        """Show a text, as much of it as fits."""
        self._whole = text
        self.setAccessibleName(text)
        self.updateGeometry()
        self._cut()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Cut the text to the new width."""
        super().resizeEvent(event)
        self._cut()

    def changeEvent(self, event: QEvent | None) -> None:
        """Cut the text again if the font changed."""
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._cut()

    def sizeHint(self) -> QSize:
        """Ask for room for the whole text."""
        wide_px = self.fontMetrics().horizontalAdvance(self._whole) + PADDING_PX
        return QSize(wide_px, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Insist on it, unless the text may be cut."""
        return self.sizeHint()

    def _cut(self) -> None:
        text, room_px = self._whole, max(0, self.width() - PADDING_PX)
        if self._cuttable:
            text = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room_px)
        self.setText(text.replace("&", "&&"))  # in a button, & marks a key
