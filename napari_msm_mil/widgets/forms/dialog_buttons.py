"""The buttons at the bottom of a dialog, all alike: Qt draws its style's icons on the standard ones alone."""

from qtpy.QtCore import QEvent
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import QDialogButtonBox, QPushButton

Standard = QDialogButtonBox.StandardButton


class DialogButtons(QDialogButtonBox):
    """Standard buttons, and others that are added, in the order of the platform and without icons."""

    def __init__(self, *standard: QDialogButtonBox.StandardButton) -> None:
        super().__init__()
        for each in standard:
            self.addButton(each)
        self._drop_icons()

    def add_accepting(self, text: str) -> QPushButton:
        """Add the button that does what the dialog is for; Return presses it."""
        button = self.addButton(text, QDialogButtonBox.ButtonRole.AcceptRole)
        button.setDefault(True)
        return button

    def changeEvent(self, event: QEvent | None) -> None:
        """Stay without icons when another style brings its own."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.StyleChange:
            self._drop_icons()

    def _drop_icons(self) -> None:
        for button in self.buttons():
            button.setIcon(QIcon())
