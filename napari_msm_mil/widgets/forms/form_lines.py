"""Labelled fields below each other, of which some come and go."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFormLayout, QLabel, QWidget


class FormLines(QFormLayout):
    """Lines of a label and a field; one that is hidden leaves no gap, as it does in Qt's own before version 6.4."""

    def __init__(self) -> None:
        super().__init__()
        self.setContentsMargins(0, 0, 0, 0)
        self.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._lines: list[tuple[QLabel, QWidget]] = []

    def add_line(self, text: str, field: QWidget) -> None:
        """Add a line; without a text the field stands below the one before it."""
        label = QLabel(text)
        label.setBuddy(field)
        self._lines.append((label, field))
        self.addRow(label, field)

    def show_line(self, field: QWidget, *, shown: bool) -> None:
        """Show a line or hide it."""
        at = next(at for at, (_, each) in enumerate(self._lines) if each is field)
        there = self.indexOf(field) >= 0
        for widget in self._lines[at]:
            widget.setVisible(shown)
        if shown and not there:
            self.insertRow(sum(self.indexOf(each) >= 0 for _, each in self._lines[:at]), *self._lines[at])
        elif there and not shown:
            self.takeRow(field)

    def align_labels(self, height_px: int) -> None:
        """Let labels be as high as a field of one line, so that they stand beside the first line of higher ones."""
        for label, _ in self._lines:
            label.setFixedHeight(height_px)
