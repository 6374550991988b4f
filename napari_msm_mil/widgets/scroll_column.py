"""A column that scrolls vertically, of one width whatever is in it."""

from qtpy.QtCore import QEvent, QObject, QPoint, QSize, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QFrame, QScrollArea, QWidget

LETTERS = 40
"""How wide a column is at least: the dock keeps its width when a result arrives, and leaves a laptop's screen to the
slide. What is in a column must do with that."""

GROWS = (QEvent.Type.LayoutRequest, QEvent.Type.Resize, QEvent.Type.Show)
"""Events after which a content may need another height."""


class ScrollColumn(QScrollArea):
    """Scrolls a widget vertically; asks for no height, so that what is beside it gets what it asks for."""

    def __init__(self, inside: QWidget) -> None:
        super().__init__()
        self._brought: tuple[QWidget, int, int] | None = None
        """What was brought up last, how much of it is to be seen, and where the bar stood then."""
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setWidget(inside)
        self._fit_width()

    def bring_up(self, view: QWidget, least_px: int) -> None:
        """Scroll until a view begins at the top, if less than this is seen of it."""
        viewport, bar = self.viewport(), self.verticalScrollBar()
        if viewport is None or bar is None:
            return
        top = view.mapTo(viewport, QPoint(0, 0)).y()
        if viewport.height() - top < min(least_px, view.height()):
            bar.setValue(bar.value() + top)
        self._brought = view, least_px, bar.value()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Bring up again what was brought up, unless the user has scrolled since: there may be less room now."""
        super().resizeEvent(event)
        bar = self.verticalScrollBar()
        if self._brought is not None and bar is not None and bar.value() == self._brought[2]:
            self.bring_up(*self._brought[:2])

    def sizeHint(self) -> QSize:
        """Ask for the width of a column alone."""
        return self.minimumSizeHint()

    def minimumSizeHint(self) -> QSize:
        """Need a few lines."""
        return QSize(self.minimumWidth(), 4 * self.fontMetrics().height())

    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the size of letters."""
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit_width()

    def _fit_width(self) -> None:
        bar = self.verticalScrollBar()
        scroll_bar_px = bar.sizeHint().width() if bar is not None else 0
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance("n" * LETTERS) + scroll_bar_px)


class PinnedColumn(ScrollColumn):
    """As high as what is in it, as long as that leaves most of the height to others; it scrolls beyond."""

    def __init__(self, inside: QWidget) -> None:
        super().__init__(inside)
        inside.installEventFilter(self)
        self.limit(0)

    def limit(self, height_px: int) -> None:
        """Be no higher than this."""
        self._limit_px = height_px
        self._fit_height()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Draw all of it and of what is beside it again: Qt moves the old picture, and leaves parts of it behind."""
        super().resizeEvent(event)
        around = self.parentWidget()
        (self if around is None else around).update()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Follow the height of the content."""
        if watched is self.widget() and event is not None and event.type() in GROWS:
            self._fit_height()
        return super().eventFilter(watched, event)

    def _fit_height(self) -> None:
        inside = self.widget()
        wanted_px = 0 if inside is None else max(inside.sizeHint().height(), inside.minimumSizeHint().height())
        self.setFixedHeight(min(wanted_px + 2 * self.frameWidth(), self._limit_px))
