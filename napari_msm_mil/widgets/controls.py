"""Controls with an object name, an accessible name and help."""

import html
from collections.abc import Sequence

from qtpy.QtWidgets import QComboBox, QPushButton


def named_box(object_name: str, name: str, texts: Sequence[str] = ()) -> QComboBox:
    """Return a drop-down list."""
    box = QComboBox()
    box.setObjectName(object_name)
    box.setAccessibleName(name)
    box.addItems(list(texts))
    return box


def named_button(text: str, object_name: str, help_text: str) -> QPushButton:
    """Return a button that says what it does."""
    button = QPushButton(text)
    button.setObjectName(object_name)
    button.setToolTip(help_text)
    button.setAccessibleDescription(help_text)
    return button


def literal_tip(text: str) -> str:
    """Return text from a file as a tooltip that shows it as it is: Qt takes what looks like HTML for it."""
    return f"<qt>{html.escape(text)}</qt>" if "<" in text else text
