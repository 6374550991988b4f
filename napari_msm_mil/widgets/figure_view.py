"""A figure as wide as the dock, in the text colour of the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QSize
from qtpy.QtGui import QPalette, QPixmap, QResizeEvent
from qtpy.QtWidgets import QLabel, QSizePolicy
from superqt.utils import QSignalDebouncer

from napari_msm_mil.widgets.probability_bars import INDENT_PX

if TYPE_CHECKING:  # it imports matplotlib, which opening the dock does not need
    from msm_mil_core.export.figures.style import Sheet

REDRAW_MS = 60
MIN_WIDTH_PX = 160
"""Narrower figures are not drawn: the view has not been laid out yet."""


class FigureView(QLabel):
    """Draws a figure as wide as the view, in the text colour of the window; screen readers get it as text."""

    def __init__(self, object_name: str, name: str) -> None:
        super().__init__()
        self.setObjectName(object_name)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setContentsMargins(INDENT_PX, 0, INDENT_PX, 0)
        self._draw: Callable[[Sheet], bytes] | None = None
        self._drawn_on: Sheet | None = None
        self._changes = QSignalDebouncer(parent=self)
        self._changes.setTimeout(REDRAW_MS)
        self._changes.triggered.connect(self._redraw)
        self.setVisible(False)
        self.resize(0, 0)  # Qt would begin with 640 px, and the figure be drawn once for nothing

    def show_figure(self, draw: Callable[[Sheet], bytes] | None, description: str = "") -> None:
        """Draw a figure and describe it to screen readers; None removes it."""
        self._draw, self._drawn_on = draw, None
        self.setAccessibleDescription(description)
        self.setVisible(draw is not None)
        self._redraw()

    def minimumSizeHint(self) -> QSize:
        """Need no width: the figure is drawn again for what there is."""
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Redraw when the width has settled."""
        super().resizeEvent(event)
        self._changes.throttle()

    def changeEvent(self, event: QEvent | None) -> None:
        """Redraw if the colours of the window changed."""
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._changes.throttle()

    def _redraw(self) -> None:
        if self._draw is None or self.width() < MIN_WIDTH_PX:
            return
        sheet = self._sheet()
        if sheet == self._drawn_on:
            return
        self._drawn_on = sheet
        pixmap = QPixmap()
        pixmap.loadFromData(self._draw(sheet))
        pixmap.setDevicePixelRatio(self.devicePixelRatioF())
        self.setPixmap(pixmap)
        self.setFixedHeight(round(pixmap.height() / self.devicePixelRatioF()))

    def _sheet(self) -> Sheet:
        from msm_mil_core.export.figures.style import Sheet

        finer = self.devicePixelRatioF()
        ink = self.palette().color(QPalette.ColorRole.WindowText).name()
        return Sheet(round(self.contentsRect().width() * finer), self.logicalDpiX() * finer, ink, "none")
