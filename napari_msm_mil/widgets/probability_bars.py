"""Class probabilities as bars, the most probable first, every name in full; grey while disabled."""

from dataclasses import dataclass
from html import escape

import numpy as np
from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from qtpy.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QTextLayout,
    QTextOption,
)
from qtpy.QtWidgets import QSizePolicy, QWidget

from msm_mil_core.mil.prediction import Prediction

BAR_COLOUR = "#56B4E9"
GROOVE_ALPHA = 0.15
GREY_ALPHA = 0.45
"""Of all that is drawn while the bars are disabled: they are not to be believed."""
PADDING_PX = 4
MARK_PX = 2
"""Width of the mark where a bar was before a question."""
INDENT_PX = 5
"""As far in as napari's theme puts the text of a label."""
LONGEST_BESIDE = 0.45
"""Names up to this share of the width stand beside their bars; if one is longer, all stand above them."""


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

    @property
    def bars(self) -> tuple[ClassBar, ...]:
        """The bars from top to bottom."""
        return self._bars

    def lines(self, bar: ClassBar) -> tuple[str, ...]:
        """Return the name of a class as it is wrapped where names stand above their bars."""
        layout = self._lay_name(bar)[0]
        lines = (layout.lineAt(at) for at in range(layout.lineCount()))
        return tuple(bar.name[line.textStart() : line.textStart() + line.textLength()] for line in lines)

    def show_prediction(self, prediction: Prediction) -> None:
        """Draw the bars of a prediction, the most probable class first."""
        pairs = zip(prediction.classes, prediction.probabilities, strict=True)
        self._show([ClassBar(name, float(p), name == prediction.winner) for name, p in pairs], prediction)

    def show_change(self, before: Prediction, after: Prediction) -> None:
        """Draw the bars of an answer, each with a mark where it was before, in the order that they had then."""
        triples = zip(after.classes, after.probabilities, before.probabilities, strict=True)
        self._show([ClassBar(name, float(p), name == after.winner, float(was)) for name, p, was in triples], before)

    def _show(self, bars: list[ClassBar], ordering: Prediction) -> None:
        self._bars = tuple(bars[index] for index in np.argsort(-ordering.probabilities, kind="stable"))
        text = ", ".join(map(str, self._bars))
        self.setAccessibleDescription(text)
        self.setToolTip("<br>".join(escape(str(bar)) for bar in self._bars))
        self._fit()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the room for all bars."""
        return QSize(240, self.minimumHeight())

    def minimumSizeHint(self) -> QSize:
        """Return the same height and little width."""
        return QSize(120, self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Wrap the names again."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent | None) -> None:
        """Wrap the names again if the font changed."""
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()
        if event is not None and event.type() == QEvent.Type.EnabledChange:
            self.update()

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw name, bar and number of every class."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top = 0.0
        for bar in self._bars:
            top += self._paint_bar(painter, bar, top)
        painter.end()

    def _fit(self) -> None:
        height = sum(self._name_height(bar) * self._above + self._row_px() for bar in self._bars)
        self.setFixedHeight(max(1, round(height)))

    @property
    def _above(self) -> bool:
        """Whether names stand above their bars: one of them is too long to stand beside."""
        return self._name_px() > LONGEST_BESIDE * self.width()

    def _paint_bar(self, painter: QPainter, bar: ClassBar, top: float) -> float:
        """Draw one class, and return its height."""
        painter.setFont(self._font(bar))
        painter.setPen(self._ink())
        above = self._name_height(bar) if self._above else 0.0
        line = QRectF(INDENT_PX, top + above, self.width() - 2 * INDENT_PX, self._row_px())
        gap = 2 * PADDING_PX
        if self._above:
            self._lay_name(bar)[0].draw(painter, QPointF(INDENT_PX, top + PADDING_PX))
        else:
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, bar.name)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, bar.number)
        left = 0 if self._above else self._name_px() + gap
        self._paint_groove(painter, line.adjusted(left, gap / 2, -self._number_px() - gap, -gap / 2), bar)
        return above + line.height()

    def _paint_groove(self, painter: QPainter, groove: QRectF, bar: ClassBar) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_faint(self._ink(), GROOVE_ALPHA))
        painter.drawRoundedRect(groove, 2, 2)
        painter.setBrush(QColor(BAR_COLOUR) if self.isEnabled() else self._ink())
        painter.drawRoundedRect(QRectF(groove.x(), groove.y(), groove.width() * bar.probability, groove.height()), 2, 2)
        if bar.before is not None:
            at = groove.x() + groove.width() * bar.before
            painter.fillRect(QRectF(at - MARK_PX / 2, groove.y() - 1, MARK_PX, groove.height() + 2), self._ink())

    def _name_height(self, bar: ClassBar) -> float:
        return self._lay_name(bar)[1] + PADDING_PX

    def _lay_name(self, bar: ClassBar) -> tuple[QTextLayout, float]:
        """Wrap a name to the width, within a word where the word is longer; return it with its height."""
        layout, option = QTextLayout(bar.name, self._font(bar)), QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        height = 0.0
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLineWidth(max(1, self.width() - 2 * INDENT_PX))
            line.setPosition(QPointF(0, height))
            height += line.height()
        layout.endLayout()
        return layout, height

    def _font(self, bar: ClassBar) -> QFont:
        font = self.font()
        font.setBold(bar.wins)
        return font

    def _ink(self) -> QColor:
        ink = self.palette().color(QPalette.ColorGroup.Active, QPalette.ColorRole.WindowText)
        return ink if self.isEnabled() else _faint(ink, GREY_ALPHA)

    def _row_px(self) -> int:
        return self.fontMetrics().height() + 2 * PADDING_PX

    def _number_px(self) -> int:
        asked = any(bar.before is not None for bar in self._bars)
        return QFontMetrics(_bold(self)).horizontalAdvance("0.000 → 0.000" if asked else "0.000")

    def _name_px(self) -> int:
        return max((QFontMetrics(_bold(self)).horizontalAdvance(bar.name) for bar in self._bars), default=0)


def _bold(widget: QWidget) -> QFont:
    font = widget.font()
    font.setBold(True)
    return font


def _faint(colour: QColor, alpha: float) -> QColor:
    faint = QColor(colour)
    faint.setAlphaF(alpha)
    return faint
