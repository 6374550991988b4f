"""Controls with a name for tests and keyboard, and words for those who hear them or ask what they do."""

from collections.abc import Sequence

from qtpy.QtWidgets import QComboBox, QPushButton


def named_box(object_name: str, name: str, texts: Sequence[str] = ()) -> QComboBox:
    """Return a list to choose from."""
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
