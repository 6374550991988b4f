"""Names the outlines that are left on the slide, each with a button that removes it."""

from collections.abc import Sequence
from dataclasses import dataclass

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QPainter, QPixmap
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

LINE_PX = 14
REMOVE_PX = 24


@dataclass(frozen=True, slots=True)
class Outline:
    """One set of tiles that is outlined on the slide."""

    key: str
    """Which layer it is."""
    text: str
    rgb: tuple[float, float, float]
    """0 to 1."""


class OutlineLegend(QWidget):
    """One line for each outline; no room while there is none."""

    remove_requested = Signal(str)
    """The key of the outline."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("outline_legend")
        self._outlines: tuple[Outline, ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self.setVisible(False)

    def show_outlines(self, outlines: Sequence[Outline]) -> None:
        """Name these outlines."""
        if tuple(outlines) == self._outlines:
            return
        self._outlines = tuple(outlines)
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        for row, outline in enumerate(outlines):
            self._add(row, outline)
        self.setVisible(bool(outlines))

    def _add(self, row: int, outline: Outline) -> None:
        line, text, remove = QLabel(), QLabel(outline.text), QPushButton("×")
        line.setPixmap(_square(outline.rgb))
        text.setObjectName(f"outlined_{outline.key}")
        text.setMinimumWidth(1)
        text.setTextFormat(Qt.TextFormat.PlainText)
        remove.setObjectName(f"remove_{outline.key}")
        remove.setFixedWidth(REMOVE_PX)
        remove.setToolTip("Remove this outline from the slide")
        remove.setAccessibleName(f"Remove the outline: {outline.text}")
        remove.clicked.connect(lambda _: self.remove_requested.emit(outline.key))
        for column, widget in enumerate((line, text, remove)):
            self._grid.addWidget(widget, row, column)


def _square(rgb: tuple[float, float, float]) -> QPixmap:
    """Draw an outline as on the slide: the line, and the white around it."""
    picture = QPixmap(LINE_PX, LINE_PX)
    picture.fill(QColor("white"))
    painter = QPainter(picture)
    painter.fillRect(2, 2, LINE_PX - 4, LINE_PX - 4, QColor.fromRgbF(*rgb))
    painter.fillRect(4, 4, LINE_PX - 8, LINE_PX - 8, QColor("white"))
    painter.end()
    return picture
