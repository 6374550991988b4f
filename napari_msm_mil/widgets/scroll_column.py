"""A column that scrolls up and down, and is never narrower than what is in it."""

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QWidget

LEAST_LETTERS = 58
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
        self._hold_width()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Notice that what is inside got another size."""
        if watched is self._inside and event is not None and event.type() == QEvent.Type.LayoutRequest:
            self._hold_width()
        return super().eventFilter(watched, event)

    def _hold_width(self) -> None:
        bar = self.verticalScrollBar()
        bar_px = bar.sizeHint().width() if bar is not None else 0
        least_px = LEAST_LETTERS * self.fontMetrics().averageCharWidth()
        self.setMinimumWidth(max(least_px, self._inside.minimumSizeHint().width()) + bar_px)
