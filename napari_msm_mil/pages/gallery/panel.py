"""The gallery page: a stage's top tiles as pictures."""

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QColor, QIcon, QImage, QKeyEvent, QMouseEvent, QPainter, QPixmap, QResizeEvent
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from msm_mil_core.display.stage_style import stage_colour, stage_name
from msm_mil_core.explain.selections.gallery import Gallery, GalleryTile
from msm_mil_core.explain.selections.top_tiles import Pick
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.widgets.swatch import swatch
from napari_msm_mil.widgets.wrapped_label import WrappedText

PICTURE_PX = 96
FRAME_PX = 3
CELL = QSize(PICTURE_PX + 24, PICTURE_PX + 48)
TILE = Qt.ItemDataRole.UserRole
AGAIN = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class GalleryPanel(QWidget):
    """Pictures that move the camera to their tile."""

    stage_requested = Signal(int)
    """The stage whose gallery is requested, counted from 0."""
    tile_requested = Signal(int)
    """The tile to move the camera to."""
    find_slide_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._stage = QComboBox()
        self._stage.setObjectName("gallery_stage")
        self._stage.setAccessibleName("Stage")
        self._stage.activated.connect(self.stage_requested)
        self._message = WrappedText("gallery_message")
        self._find = QPushButton("Find slide…")
        self._find.setObjectName("find_slide")
        self._find.clicked.connect(lambda _: self.find_slide_requested.emit())
        self._pictures = _Pictures()
        self._pictures.chosen.connect(self.tile_requested)
        line = QHBoxLayout()
        line.addWidget(QLabel("Top tiles of"))
        line.addWidget(self._stage, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addLayout(line)
        for widget in (self._message, self._find, self._pictures):
            layout.addWidget(widget)
        self.show_problem("")

    @property
    def message(self) -> str:
        """Why there are no pictures, or what is being done."""
        return self._message.text()

    @property
    def captions(self) -> tuple[str, ...]:
        """The texts below the pictures."""
        items = (self._pictures.item(row) for row in range(self._pictures.count()))
        return tuple(item.text() for item in items if item is not None)

    def show_result(self, result: SlideResult | None) -> None:
        """List the stages of a result."""
        self._stage.clear()
        self._clear()
        for index in range(0 if result is None else len(result.prediction.stages)):
            self._stage.addItem(swatch(index), stage_name(index))

    def show_loading(self) -> None:
        """Show that pictures are being read."""
        self._clear()
        self._show_message("Reading tiles…")

    def show_problem(self, text: str) -> None:
        """Say why there are no pictures, and offer to find the slide."""
        self._clear()
        self._show_message(text)
        self._find.setVisible(bool(text))

    def show_gallery(self, gallery: Gallery) -> None:
        """Show the pictures of a stage."""
        self._clear()
        self._stage.setCurrentIndex(gallery.stage)
        self._show_message("" if gallery.tiles else f"{stage_name(gallery.stage)} could see no tile.")
        self._pictures.blockSignals(True)  # showing pictures does not move the camera
        for tile in gallery.tiles:
            self._pictures.addItem(_item(tile, gallery.stage))
        self._pictures.setCurrentRow(-1)
        self._pictures.blockSignals(False)
        self._pictures.setVisible(bool(gallery.tiles))
        self._fit()

    def step(self, by: int) -> None:
        """Go to the next picture, or the one before."""
        row = min(max(self._pictures.currentRow() + by, 0), self._pictures.count() - 1)
        self._pictures.setCurrentRow(row)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Wrap the pictures again."""
        super().resizeEvent(event)
        self._fit()

    def _show_message(self, text: str) -> None:
        self._message.setText(text)
        self._message.setVisible(bool(text))

    def _clear(self) -> None:
        self._pictures.blockSignals(True)
        self._pictures.clear()
        self._pictures.blockSignals(False)
        self._pictures.setVisible(False)
        self._find.setVisible(False)

    def _fit(self) -> None:
        """Make the list as high as its pictures: the column scrolls, not the list."""
        across = max(1, (self._pictures.width() - 8) // CELL.width())
        lines = -(-self._pictures.count() // across)
        self._pictures.setFixedHeight(max(1, lines) * CELL.height() + 8)


class _Pictures(QListWidget):
    """Pictures in rows that wrap; each click and each key chooses its tile once."""

    chosen = Signal(int)
    """A tile that the user went to, or clicked or pressed Return on once more."""

    def __init__(self) -> None:
        super().__init__()
        self._again = False
        self.setObjectName("gallery")
        self.setAccessibleName(
            "Top tiles, highest attention first; arrow keys step through them, Return goes to the tile again"
        )
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setWordWrap(True)
        self.setIconSize(QSize(PICTURE_PX + 2 * FRAME_PX, PICTURE_PX + 2 * FRAME_PX))
        self.setGridSize(CELL)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.currentItemChanged.connect(lambda now, _: self._choose(now))
        self.itemClicked.connect(self._on_clicked)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Notice whether the press goes to another picture, which is chosen at once, or to the same one again."""
        before = self.currentRow()
        super().mousePressEvent(event)
        self._again = self.currentRow() == before

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Let Return go to the same picture again."""
        super().keyPressEvent(event)
        if event is not None and event.key() in AGAIN:
            self._choose(self.currentItem())

    def _on_clicked(self, item: QListWidgetItem) -> None:
        if self._again:
            self._choose(item)

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(item.data(TILE))


def _item(tile: GalleryTile, stage: int) -> QListWidgetItem:
    item = QListWidgetItem(_framed(tile, stage), caption(tile.pick))
    item.setData(TILE, tile.pick.tile)
    item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter)
    help_text = _in_words(tile.pick)
    item.setToolTip(help_text)
    item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{stage_name(stage)}, {help_text}")
    return item


def caption(pick: Pick) -> str:
    """Write place and tags below a picture."""
    folded = f" · +{len(pick.folded)}" if pick.folded else ""
    return f"{pick.place}{folded}\n{pick.found}"


def _in_words(pick: Pick) -> str:
    folded = f"; with {len(pick.folded)} more that touch or resemble it" if pick.folded else ""
    return f"Tile {pick.tile}, place {pick.place}, attention {pick.attention:.3g}, {pick.found}{folded}"


def _framed(tile: GalleryTile, stage: int) -> QIcon:
    height, width = tile.picture.shape[:2]
    image = QImage(tile.picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    pixmap = QPixmap(width + 2 * FRAME_PX, height + 2 * FRAME_PX)
    painter = QPainter(pixmap)
    painter.fillRect(pixmap.rect(), QColor(stage_colour(stage)))
    painter.drawImage(FRAME_PX, FRAME_PX, image)
    painter.end()
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)  # else Qt tints the picture of the chosen tile
    return icon
