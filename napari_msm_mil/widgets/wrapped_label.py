"""Text that wraps to the width it is given, and can be selected and copied."""

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QLabel, QSizePolicy


class WrappedText(QLabel):
    """A label for sentences: never widens the dock, and is as high as its text, which nested layouts do not ensure."""

    def __init__(self, object_name: str, *, bold: bool = False) -> None:
        super().__init__()
        self.setObjectName(object_name)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        font = self.font()
        font.setBold(bold)
        self.setFont(font)

    def setText(self, text: str | None) -> None:
        """Show a text."""
        super().setText(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Wrap again."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent | None) -> None:
        """Wrap again if the font changed."""
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        self.setMinimumHeight(0)  # Qt counts it in: what needs fewer lines than before would stand in an empty field
        self.setFixedHeight(max(self.heightForWidth(self.width()), self.fontMetrics().height()))  # -1 without text
