"""One tile at two magnifications: alone, and with what lies around it."""

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPen, QPixmap
from qtpy.QtWidgets import QGridLayout, QLabel, QWidget

from napari_msm_mil.pages.gallery.tile_images import AROUND

SHOWN_PX = 140


class TileView(QWidget):
    """Two pictures side by side, each with its width; takes no room while there is no tile."""

    def __init__(self) -> None:
        super().__init__()
        self._near, self._far = _picture("tile_near", "The tile"), _picture("tile_far", "The tile and its surroundings")
        self._near_width, self._far_width = QLabel(), QLabel()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        for column, (picture, width) in enumerate(((self._near, self._near_width), (self._far, self._far_width))):
            grid.addWidget(picture, 0, column, Qt.AlignmentFlag.AlignCenter)
            grid.addWidget(width, 1, column, Qt.AlignmentFlag.AlignCenter)
        self.clear()

    @property
    def captions(self) -> tuple[str, str]:
        """The widths of both pictures, in words."""
        return self._near_width.text(), self._far_width.text()

    def show_pictures(self, near: NDArray[np.uint8], far: NDArray[np.uint8], side_um: float | None) -> None:
        """Show a tile (side, side, 3) and the same with its surroundings; `side_um` is the tile's side on the glass."""
        self._near.setPixmap(_pixmap(near))
        self._far.setPixmap(_outlined(_pixmap(far)))
        self._near_width.setText("the tile" if side_um is None else f"{side_um:.0f} µm")
        self._far_width.setText(f"{AROUND:.0f} tiles wide" if side_um is None else f"{side_um * AROUND:.0f} µm")
        self.setVisible(True)

    def clear(self) -> None:
        """Show nothing."""
        self.setVisible(False)


def _picture(object_name: str, name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(object_name)
    label.setAccessibleName(name)
    label.setFixedSize(SHOWN_PX, SHOWN_PX)
    label.setScaledContents(True)
    return label


def _pixmap(picture: NDArray[np.uint8]) -> QPixmap:
    height, width = picture.shape[:2]
    return QPixmap.fromImage(QImage(picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy())


def _outlined(pixmap: QPixmap) -> QPixmap:
    side = pixmap.width() / AROUND
    corner = (pixmap.width() - side) / 2
    painter = QPainter(pixmap)
    for colour, width in (("white", 3.0), ("black", 1.2)):
        painter.setPen(QPen(QColor(colour), width))
        painter.drawRect(QRectF(corner, corner, side, side))
    painter.end()
    return pixmap
