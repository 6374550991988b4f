"""Class probabilities as bars."""

from dataclasses import dataclass

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPalette
from qtpy.QtWidgets import QSizePolicy, QWidget

from msm_mil_core.mil.prediction import Prediction
from napari_msm_mil.widgets.controls import literal_tip

BAR_COLOUR = "#56B4E9"
PADDING_PX = 4
MARK_PX = 2
"""Width of the mark where a bar was before a question."""
INDENT_PX = 5
"""As far in as napari's theme puts the text of a label."""


@dataclass(frozen=True, slots=True)
class ClassBar:
    """One class and its probability."""

    name: str
    probability: float
    wins: bool
    before: float | None = None
    """Where it was before a question; None where nothing was asked."""

    @property
    def number(self) -> str:
        """The probability, and where it comes from."""
        return f"{self.probability:.3f}" if self.before is None else f"{self.before:.3f} → {self.probability:.3f}"

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class ProbabilityBars(QWidget):
    """One bar for each class, as long as the class is probable; screen readers get the same as text."""

    def __init__(self) -> None:
        super().__init__()
        self._bars: tuple[ClassBar, ...] = ()
        self.setObjectName("probabilities")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Class probabilities")

    def show_prediction(self, prediction: Prediction) -> None:
        """Draw the bars of a prediction, in the order of its classes."""
        pairs = zip(prediction.classes, prediction.probabilities, strict=True)
        self._show(tuple(ClassBar(name, float(p), name == prediction.winner) for name, p in pairs))

    def show_change(self, before: Prediction, after: Prediction) -> None:
        """Draw the bars of an answer, each with a mark where it was before."""
        triples = zip(after.classes, after.probabilities, before.probabilities, strict=True)
        self._show(tuple(ClassBar(name, float(p), name == after.winner, float(was)) for name, p, was in triples))

    def _show(self, bars: tuple[ClassBar, ...]) -> None:
        self._bars = bars
        text = ", ".join(map(str, self._bars))
        self.setAccessibleDescription(text)
        self.setToolTip(literal_tip(text))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the room for all bars."""
        return QSize(240, self._row_px() * len(self._bars))

    def minimumSizeHint(self) -> QSize:
        """Return the same height and little width."""
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw name, bar and number of every class."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row, bar in enumerate(self._bars):
            self._paint_row(painter, row, bar)
        painter.end()

    def _paint_row(self, painter: QPainter, row: int, bar: ClassBar) -> None:
        font = self.font()
        font.setBold(bar.wins)
        painter.setFont(font)
        height, number_px, name_px = self._row_px(), self._number_px(), self._name_px()
        line = QRectF(INDENT_PX, row * height, self.width() - 2 * INDENT_PX, height)
        name = QFontMetrics(font).elidedText(bar.name, Qt.TextElideMode.ElideRight, name_px)
        painter.setPen(self._ink())
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, bar.number)
        gap = 2 * PADDING_PX
        self._paint_bar(painter, line.adjusted(name_px + gap, gap / 2, -number_px - gap, -gap / 2), bar)

    def _paint_bar(self, painter: QPainter, groove: QRectF, bar: ClassBar) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_faint(self._ink()))
        painter.drawRoundedRect(groove, 2, 2)
        painter.setBrush(QColor(BAR_COLOUR))
        painter.drawRoundedRect(QRectF(groove.x(), groove.y(), groove.width() * bar.probability, groove.height()), 2, 2)
        if bar.before is not None:
            at = groove.x() + groove.width() * bar.before
            painter.fillRect(QRectF(at - MARK_PX / 2, groove.y() - 1, MARK_PX, groove.height() + 2), self._ink())

    def _ink(self) -> QColor:
        return self.palette().color(QPalette.ColorRole.WindowText)

    def _row_px(self) -> int:
        return self.fontMetrics().height() + 2 * PADDING_PX

    def _number_px(self) -> int:
        asked = any(bar.before is not None for bar in self._bars)
        return QFontMetrics(_bold(self)).horizontalAdvance("0.000 → 0.000" if asked else "0.000")

    def _name_px(self) -> int:
        widest = max(QFontMetrics(_bold(self)).horizontalAdvance(bar.name) for bar in self._bars)
        return min(widest, self.width() // 2)


def _bold(widget: QWidget) -> QFont:
    font = widget.font()
    font.setBold(True)
    return font


def _faint(colour: QColor) -> QColor:
    faint = QColor(colour)
    faint.setAlphaF(0.15)
    return faint
