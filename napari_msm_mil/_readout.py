"""The read-out under the mouse: what all stages say of one tile."""

from __future__ import annotations

import math

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from msm_mil_core.output.result import SlideResult
from msm_mil_core.output.stages import stage_name
from napari_msm_mil._hover import StageReading, TileReading
from napari_msm_mil._wrapped import WrappedText

NOWHERE = "Move the mouse over a heatmap to read its tiles."
UNKNOWN = "–"
RIGHT = Qt.AlignmentFlag.AlignRight


class TileReadout(QWidget):
    """One line for each stage, always there, so that nothing jumps when the mouse comes and goes."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[_Line] = []
        self._place = WrappedText("tile_place")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._place)
        layout.addLayout(self._grid)

    def show_result(self, result: SlideResult) -> None:
        """Make one empty line for each stage of a result."""
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        for column, text in enumerate(("Under the mouse", "Attention", "Rank", "Claimed")):
            heading = QLabel(text)
            heading.setEnabled(False)  # greyed: a heading, not a value
            self._grid.addWidget(heading, 0, column, RIGHT if column else Qt.AlignmentFlag.AlignLeft)
        self._lines = [self._add_line(index) for index in range(len(result.prediction.stages))]
        self.read(None)

    def read(self, reading: TileReading | None) -> None:
        """Show what all stages say of a tile; None where there is no tile."""
        if reading is None:
            self._place.setText(NOWHERE)
            for line in self._lines:
                line.read(None)
            return
        x_px0, y_px0 = reading.xy_px0
        self._place.setText(f"Tile at x {x_px0:,}, y {y_px0:,} pixels of the slide")
        for line, stage in zip(self._lines, reading.stages, strict=True):
            line.read(stage)

    @property
    def texts(self) -> tuple[str, ...]:
        """What is shown of each stage."""
        return tuple(line.text for line in self._lines)

    def _add_line(self, index: int) -> _Line:
        line = _Line(index)
        self._grid.addWidget(QLabel(stage_name(index)), index + 1, 0)
        for column, label in enumerate(line.labels, start=1):
            self._grid.addWidget(label, index + 1, column, RIGHT)
        return line


class _Line:
    def __init__(self, index: int) -> None:
        self.labels = (QLabel(), QLabel(), QLabel())
        for label, what in zip(self.labels, ("attention", "rank", "claimed"), strict=True):
            label.setObjectName(f"{what}_{index}")
            label.setAccessibleName(f"{stage_name(index)}, {what} at the mouse")

    @property
    def text(self) -> str:
        return " ".join(label.text() for label in self.labels)

    def read(self, reading: StageReading | None) -> None:
        for label, text in zip(self.labels, in_words(reading), strict=True):
            label.setText(text)


def in_words(reading: StageReading | None) -> tuple[str, str, str]:
    """Say what a stage says of a tile: its attention, its rank, and whether it claims it."""
    if reading is None:
        return UNKNOWN, UNKNOWN, UNKNOWN
    claimed = "yes" if reading.claimed else "no"
    if math.isnan(reading.attention):
        return "not shown", UNKNOWN, claimed
    return f"{reading.attention:.3g}", f"{reading.rank:.3f}", claimed
