"""Controls with an object name, an accessible name and help, and how they stand together."""

import html
from collections.abc import Sequence

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtGui import QHelpEvent, QPaintEvent
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

LONGEST_NAME = 8
"""Letters of a name, such as that of a class, that stand in a table; tooltips have all."""
LETTERS = 4
"""How many letters of a choice are seen at least, unless more are asked for."""
ARROW_PX = 36
ICON_GAP_PX = 8


class NamedBox(QComboBox):
    """A drop-down list that long choices do not widen: the open list, and the tooltip if it has no help, show them."""

    def __init__(self, object_name: str, name: str, texts: Sequence[str] = (), letters: int = LETTERS) -> None:
        super().__init__()
        self._letters = letters
        self.setObjectName(object_name)
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(letters)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.addItems(list(texts))

    def minimumSizeHint(self) -> QSize:
        """Need no more than some letters: the themes of napari ask for twice that."""
        return QSize(
            self._letters * self.fontMetrics().averageCharWidth() + ARROW_PX, super().minimumSizeHint().height()
        )

    def event(self, event: QEvent | None) -> bool:
        """Show what is chosen as the tooltip, where there is no help."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and not self.toolTip():
            QToolTip.showText(event.globalPos(), self.currentText(), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Cut a long choice with an ellipsis, not within a letter."""
        del event
        option, painter = QStyleOptionComboBox(), QStylePainter(self)
        self.initStyleOption(option)
        complex_control = QStyle.ComplexControl.CC_ComboBox
        room = painter.style().subControlRect(complex_control, option, QStyle.SubControl.SC_ComboBoxEditField, self)
        room_px = room.width() - (0 if option.currentIcon.isNull() else option.iconSize.width() + ICON_GAP_PX)
        option.currentText = self.fontMetrics().elidedText(option.currentText, Qt.TextElideMode.ElideRight, room_px)
        painter.drawComplexControl(complex_control, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def showPopup(self) -> None:
        """Show the choices in full."""
        view = self.view()
        if view is not None:
            view.setMinimumWidth(view.sizeHintForColumn(0) + 2 * view.frameWidth())
        super().showPopup()


def named_box(object_name: str, name: str, texts: Sequence[str] = (), *, letters: int = LETTERS) -> NamedBox:
    """Return a drop-down list of which at least so many letters are seen."""
    return NamedBox(object_name, name, texts, letters)


def shortened(text: str) -> str:
    """Return a name that may be long, cut to what a table has room for."""
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def named_button(text: str, object_name: str, help_text: str) -> QPushButton:
    """Return a button that says what it does."""
    button = QPushButton(text)
    button.setObjectName(object_name)
    button.setToolTip(help_text)
    button.setAccessibleDescription(help_text)
    return button


def column(*widgets: QWidget, margins_px: tuple[int, int, int, int] = (0, 0, 0, 0)) -> QWidget:
    """Return widgets one below the other."""
    below = QWidget()
    layout = QVBoxLayout(below)
    layout.setContentsMargins(*margins_px)
    for widget in widgets:
        layout.addWidget(widget)
    return below


def choice_grid(show: QWidget, first: QWidget, between: str, second: QWidget) -> QGridLayout:
    """Lay out a box that shows something and its two choices below each other: both are read in a narrow dock."""
    grid = QGridLayout()
    grid.setColumnStretch(1, 1)
    grid.addWidget(show, 0, 0)
    grid.addWidget(first, 0, 1)
    grid.addWidget(QLabel(between), 1, 0, Qt.AlignmentFlag.AlignRight)
    grid.addWidget(second, 1, 1)
    return grid


def literal_tip(text: str) -> str:
    """Return text from a file as a tooltip that shows it as it is: Qt takes what looks like HTML for it."""
    return f"<qt>{html.escape(text)}</qt>" if "<" in text else text
