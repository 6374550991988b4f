"""A small picture of a stage's colours."""

from qtpy.QtCore import QSize
from qtpy.QtGui import QBrush, QColor, QIcon, QLinearGradient, QPainter, QPixmap

from msm_mil_core.display.stage_style import stage_ramp

SWATCH_PX = QSize(28, 14)


def swatch(index: int) -> QIcon:
    """Draw the colour ramp of a stage, on white as on the slide."""
    pixmap = QPixmap(SWATCH_PX)
    pixmap.fill(QColor("white"))
    ramp = QLinearGradient(0, 0, SWATCH_PX.width(), 0)
    points = stage_ramp(index)
    for step, rgba in enumerate(points):
        ramp.setColorAt(step / (len(points) - 1), QColor.fromRgbF(*rgba))
    painter = QPainter(pixmap)
    painter.fillRect(pixmap.rect(), QBrush(ramp))
    painter.end()
    return QIcon(pixmap)
