"""Pairs of many stages as a matrix: one measure at a time, a row and a column for each stage."""

from qtpy.QtCore import Qt
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from msm_mil_core.display.stage_style import stage_name
from msm_mil_core.explain.stage_comparison import StagePair
from msm_mil_core.mil.map_names import in_sentence, map_label
from napari_msm_mil.pages.compare.measures import Measure, measures_of
from napari_msm_mil.widgets.controls import named_box
from napari_msm_mil.widgets.wrapped_label import WrappedText

NOTE = "Bold: beyond what chance gives in 95 % of cases. Point at a figure to see chance."
SHADE = QColor(86, 180, 233, 90)
PADDING_PX = 10


class PairMatrix(QWidget):
    """A choice of the measure, and the matrix; it scrolls sideways where there are more stages than fit."""

    def __init__(self) -> None:
        super().__init__()
        self._pairs: tuple[StagePair, ...] = ()
        self._classes: tuple[str, ...] = ()
        self._measure = named_box("pair_measure", "What is compared")
        self._measure.activated.connect(lambda _: self._fill())
        self._table = QTableWidget()
        self._table.setObjectName("pair_matrix")
        self._table.setAccessibleName("Every pair of stages")
        self._table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        corner = self._table.findChild(QAbstractButton)
        if corner is not None:  # Qt's own, which selects all
            corner.setObjectName("pair_matrix_all")
            corner.setAccessibleName("Select all pairs")
        note = WrappedText("pair_note")
        note.setText(NOTE)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self._measure, self._table, note):
            layout.addWidget(widget)

    def show_pairs(self, pairs: tuple[StagePair, ...], classes: tuple[str, ...] = ()) -> None:
        """Show these pairs, the measure that was chosen last."""
        self._classes = classes
        self._pairs, at = pairs, max(0, self._measure.currentIndex())
        self._measure.clear()
        self._measure.addItems([measure.name for measure in measures_of(pairs)])
        self._measure.setCurrentIndex(at)
        self._fill()

    def _fill(self) -> None:
        measure = measures_of(self._pairs)[self._measure.currentIndex()]
        self._measure.setToolTip(measure.help_text)
        stages = 1 + max((pair.other for pair in self._pairs), default=0)
        self._table.clear()
        self._table.setRowCount(stages)
        self._table.setColumnCount(stages)
        for set_labels in (self._table.setHorizontalHeaderLabels, self._table.setVerticalHeaderLabels):
            set_labels([map_label(index, self._classes) for index in range(stages)])
        for pair in self._pairs:
            for row, column in ((pair.one, pair.other), (pair.other, pair.one)):
                self._table.setItem(row, column, _item(pair, measure, self._classes))
        for index in range(stages):
            self._table.setItem(index, index, _none())
        self._fit()

    def _fit(self) -> None:
        """Make the columns as wide as their widest figure, and the table as high as its rows."""
        across, down = self._table.horizontalHeader(), self._table.verticalHeader()
        if across is None or down is None:
            return
        letters = self._table.fontMetrics()
        texts = [measure.short(pair) for measure in measures_of(self._pairs) for pair in self._pairs]
        down.setDefaultSectionSize(letters.height() + 6)
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        across.setMinimumSectionSize(max(map(letters.horizontalAdvance, texts), default=0) + PADDING_PX)
        across.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        bar = self._table.horizontalScrollBar()
        room_px = across.sizeHint().height() + self._table.rowCount() * down.defaultSectionSize()
        self._table.setFixedHeight(room_px + (0 if bar is None else bar.sizeHint().height()) + 4)


def _item(pair: StagePair, measure: Measure, classes: tuple[str, ...]) -> QTableWidgetItem:
    item = QTableWidgetItem(measure.short(pair))
    item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
    names = f"{stage_name(pair.one, classes)} and {in_sentence(stage_name(pair.other, classes))}"
    words = f"{names}: {measure.in_words(pair) or 'unknown'}"
    item.setToolTip(words)
    item.setData(Qt.ItemDataRole.AccessibleTextRole, words)
    if measure.beyond_chance(pair):
        font = item.font()
        font.setBold(True)
        item.setFont(font)
        item.setBackground(QBrush(SHADE))
    return item


def _none() -> QTableWidgetItem:
    item = QTableWidgetItem("")
    item.setFlags(Qt.ItemFlag.NoItemFlags)
    return item
