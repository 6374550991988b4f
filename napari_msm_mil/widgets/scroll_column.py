"""A column that scrolls vertically, and is never narrower than its content."""

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QWidget

MIN_LETTERS = 58
"""Wide enough for a result from the start: the dock keeps its width when one arrives."""


class ScrollColumn(QScrollArea):
    """Scrolls a widget vertically."""

    def __init__(self, inside: QWidget) -> None:
        super().__init__()
        self._inside = inside
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidget(inside)
        self._fit_width()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Follow the size of the content."""
        if watched is self._inside and event is not None and event.type() == QEvent.Type.LayoutRequest:
            self._fit_width()
        return super().eventFilter(watched, event)

    def _fit_width(self) -> None:
        bar = self.verticalScrollBar()
        scroll_bar_px = bar.sizeHint().width() if bar is not None else 0
        min_px = MIN_LETTERS * self.fontMetrics().averageCharWidth()
        self.setMinimumWidth(max(min_px, self._inside.minimumSizeHint().width()) + scroll_bar_px)
