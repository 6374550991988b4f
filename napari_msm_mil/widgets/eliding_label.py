"""One line of text that is cut to the room there is, and never widens the dock."""

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QSizePolicy
from superqt import QElidingLabel


class ElidingLabel(QElidingLabel):
    """A label for words that may be long; its text is whole all the same."""

    def __init__(self, object_name: str, indent_px: int = 0) -> None:
        super().__init__()
        self.setObjectName(object_name)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(1)
        self.setIndent(indent_px)
        self.setEllipsesWidth(indent_px)

    def minimumSizeHint(self) -> QSize:
        """Need one line, of any width."""
        return QSize(1, self.fontMetrics().height())
