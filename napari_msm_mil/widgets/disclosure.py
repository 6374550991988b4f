"""A heading with an arrow that shows or hides what is below it."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QToolButton, QWidget


class Disclosure(QToolButton):
    """Shows a widget while it is pressed; keyboard users press it with the space bar."""

    def __init__(self, text: str, body: QWidget) -> None:
        super().__init__()
        self._body = body
        body.setVisible(False)
        self.setText(text)
        self.setCheckable(True)
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setArrowType(Qt.ArrowType.RightArrow)
        self.toggled.connect(self._on_toggled)

    def _on_toggled(self, on: bool) -> None:
        self.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self._body.setVisible(on)
