"""The table of pairs of stages, one line each, every figure beside chance."""

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QWidget

from msm_mil_core.explain.stage_comparison import StagePair
from msm_mil_core.mil.map_names import map_label, map_pair
from napari_msm_mil.pages.compare.measures import Measure, measures_of
from napari_msm_mil.widgets.column_heading import column_heading
from napari_msm_mil.widgets.controls import literal_tip
from napari_msm_mil.widgets.eliding_label import ElidingLabel

RIGHT = Qt.AlignmentFlag.AlignRight


class PairTable(QWidget):
    """One row for each pair of stages, the mean by chance in brackets; the range by chance is a tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)

    def show_pairs(self, pairs: tuple[StagePair, ...], classes: tuple[str, ...] = ()) -> None:
        """Make one row for each pair."""
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        measures = measures_of(pairs)
        self._add_line(
            0,
            [
                column_heading("Maps" if classes else "Stages", "Each pair of them"),
                *(column_heading(m.name, m.help_text) for m in measures),
            ],
        )
        for row, pair in enumerate(pairs, start=1):
            figures = [_beside_chance(pair, measure) for measure in measures]
            if classes:  # two names need a line
                self._grid.addWidget(_name_of(pair, classes), 2 * row, 0, 1, 1 + len(figures))
            name = QLabel("" if classes else f"{pair.one + 1} and {pair.other + 1}")
            self._add_line(2 * row + 1, [name, *figures])

    def _add_line(self, row: int, labels: Sequence[QLabel]) -> None:
        for column, label in enumerate(labels):
            self._grid.addWidget(label, row, column, RIGHT if column else Qt.AlignmentFlag.AlignLeft)


def _name_of(pair: StagePair, classes: tuple[str, ...]) -> QLabel:
    name = ElidingLabel(f"pair_{pair.one}_{pair.other}")
    name.setText(f"{map_label(pair.one, classes)} and {map_label(pair.other, classes)}")
    name.setToolTip(literal_tip(map_pair(pair.one, pair.other, classes)))
    return name


def _beside_chance(pair: StagePair, measure: Measure) -> QLabel:
    """Write a figure, and in brackets its mean by chance where that is not always 0."""
    label = QLabel(measure.beside_chance(pair))
    label.setToolTip(measure.in_words(pair))
    label.setAccessibleName(measure.in_words(pair))
    return label
