"""A figure as wide as the dock, in the ink of the window."""

from collections.abc import Callable

from qtpy.QtCore import QEvent, QTimer
from qtpy.QtGui import QPalette, QPixmap, QResizeEvent
from qtpy.QtWidgets import QLabel, QSizePolicy

from msm_mil_core.export.figures.style import Sheet
from napari_msm_mil.widgets.probability_bars import INDENT_PX

REDRAW_MS = 60
LEAST_PX = 160
"""Narrower figures are not drawn: the view has not been laid out yet."""


class FigureView(QLabel):
    """Draws a figure as wide as it is itself, in the ink of the window; screen readers get it as text."""

    def __init__(self, object_name: str, name: str) -> None:
        super().__init__()
        self.setObjectName(object_name)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setContentsMargins(INDENT_PX, 0, INDENT_PX, 0)
        self._draw: Callable[[Sheet], bytes] | None = None
        self._drawn_on: Sheet | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(REDRAW_MS)
        self._soon.timeout.connect(self._redraw)
        self.setVisible(False)

    def show_figure(self, draw: Callable[[Sheet], bytes] | None, told: str = "") -> None:
        """Draw a figure and tell what is seen on it; None takes it away."""
        self._draw, self._drawn_on = draw, None
        self.setAccessibleDescription(told)
        self.setVisible(draw is not None)
        self._redraw()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Draw anew when the width has settled."""
        super().resizeEvent(event)
        self._soon.start()

    def changeEvent(self, event: QEvent | None) -> None:
        """Draw anew if the colours of the window changed."""
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._soon.start()

    def _redraw(self) -> None:
        sheet = self._sheet()
        if self._draw is None or sheet == self._drawn_on or self.width() < LEAST_PX:
            return
        self._drawn_on = sheet
        pixmap = QPixmap()
        pixmap.loadFromData(self._draw(sheet))
        pixmap.setDevicePixelRatio(self.devicePixelRatioF())
        self.setPixmap(pixmap)
        self.setFixedHeight(round(pixmap.height() / self.devicePixelRatioF()))

    def _sheet(self) -> Sheet:
        finer = self.devicePixelRatioF()
        ink = self.palette().color(QPalette.ColorRole.WindowText).name()
        return Sheet(round(self.contentsRect().width() * finer), self.logicalDpiX() * finer, ink, "none")
