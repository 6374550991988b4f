"""The heading of a column of figures."""

from qtpy.QtWidgets import QLabel


def column_heading(text: str, help_text: str) -> QLabel:
    """Return a heading: slanted, not greyed, which napari's themes make too pale to be read."""
    label = QLabel(text)
    label.setToolTip(help_text)
    font = label.font()
    font.setItalic(True)
    label.setFont(font)
    return label
