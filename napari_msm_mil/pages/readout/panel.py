"""The read-out of a tile: what all stages say of the one under the mouse, or of the one that is locked."""

from __future__ import annotations

import math

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from msm_mil_core.display.stage_style import stage_name
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.pages.readout.tile_reading import StageReading, TileReading
from napari_msm_mil.widgets.wrapped_label import WrappedText

NOWHERE = "Move the mouse over a heatmap to read its tiles; click a tile to lock it."
UNKNOWN = "–"
UNDER_MOUSE, LOCKED = "Under the mouse", "Locked tile"
COLUMNS = (
    ("attention", "Attention", "Share of the stage's attention on the tile"),
    ("place", "Place", "Its rank by attention among the tiles the stage could see, 1 for the highest"),
    ("percentile", "Percentile", "Percentage of the tiles the stage could see whose attention is not higher"),
    ("claimed", "Claimed", "Whether the stage claims the tile"),
    ("evidence", "Evidence", "What the tile adds through the stage to the logit of the chosen class"),
)
PLACE = 1
"""The column of the place, whose tooltip says among how many tiles."""
RIGHT = Qt.AlignmentFlag.AlignRight


class ReadoutPanel(QWidget):
    """One line for each stage, always there, so that nothing jumps when the mouse comes and goes."""

    unlock_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[_Line] = []
        self._heading = QLabel(UNDER_MOUSE)
        self._locked: TileReading | None = None
        self._place = WrappedText("tile_place")
        self._unlock = QPushButton("Unlock")
        self._unlock.setObjectName("unlock_tile")
        self._unlock.setAccessibleName("Let the read-out follow the mouse again")
        self._unlock.setVisible(False)
        self._unlock.clicked.connect(lambda _: self.unlock_requested.emit())
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)
        top = QHBoxLayout()
        top.addWidget(self._place, 1)
        top.addWidget(self._unlock)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        layout.addLayout(self._grid)

    @property
    def locked(self) -> bool:
        """Whether a tile is locked."""
        return self._locked is not None

    @property
    def texts(self) -> tuple[str, ...]:
        """What is shown of each stage."""
        return tuple(line.text for line in self._lines)

    @property
    def heading(self) -> str:
        """Whether it is the tile under the mouse or a locked one."""
        return self._heading.text()

    def show_result(self, result: SlideResult) -> None:
        """Make one empty line for each stage of a result."""
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        self._heading = _heading(UNDER_MOUSE, "")
        self._grid.addWidget(self._heading, 0, 0)
        for column, (_, text, help_text) in enumerate(COLUMNS, start=1):
            self._grid.addWidget(_heading(text, help_text), 0, column, RIGHT)
        wide = _wide(len(result.tiles))
        self._lines = [self._add_line(_Line(index, wide)) for index in range(len(result.prediction.stages))]
        self.lock(None)

    def read(self, reading: TileReading | None) -> None:
        """Show what all stages say of the tile under the mouse, unless one is locked; None where there is no tile."""
        if self._locked is None:
            self._show(reading)

    def lock(self, reading: TileReading | None) -> None:
        """Lock a tile; None lets the read-out follow the mouse again."""
        self._locked = reading
        self._unlock.setVisible(reading is not None)
        self._heading.setText(UNDER_MOUSE if reading is None else LOCKED)
        self._show(reading)

    def _show(self, reading: TileReading | None) -> None:
        if reading is None:
            self._place.setText(NOWHERE)
            for line in self._lines:
                line.read(None)
            return
        x_px0, y_px0 = reading.xy_px0
        self._place.setText(f"Tile {reading.tile} at x {x_px0:,}, y {y_px0:,} pixels of the slide")
        for line, stage in zip(self._lines, reading.stages, strict=True):
            line.read(stage)

    def _add_line(self, line: _Line) -> _Line:
        self._grid.addWidget(QLabel(stage_name(line.index)), line.index + 1, 0)
        for column, label in enumerate(line.labels, start=1):
            self._grid.addWidget(label, line.index + 1, column, RIGHT)
        return line


class _Line:
    def __init__(self, index: int, wide: tuple[tuple[str, ...], ...]) -> None:
        self.index = index
        self.labels = tuple(_Value(texts) for texts in wide)
        for label, (what, text, _) in zip(self.labels, COLUMNS, strict=True):
            label.setObjectName(f"{what}_{index}")
            label.setAccessibleName(f"{stage_name(index)}, {text.lower()} of the tile")

    @property
    def text(self) -> str:
        return " ".join(label.text() for label in self.labels)

    def read(self, reading: StageReading | None) -> None:
        for label, text in zip(self.labels, in_words(reading), strict=True):
            label.setText(text)
        self.labels[PLACE].setToolTip(_among(reading))


class _Value(QLabel):
    """A value that keeps room for the wide ones, so that the dock keeps its width while the mouse moves."""

    def __init__(self, wide: tuple[str, ...]) -> None:
        super().__init__()
        self._wide = wide
        self.setAlignment(RIGHT)

    def sizeHint(self) -> QSize:
        """Ask for room for wide values."""
        return super().sizeHint() + self._lacking()

    def minimumSizeHint(self) -> QSize:
        """Insist on room for wide values."""
        return super().minimumSizeHint() + self._lacking()

    def _lacking(self) -> QSize:
        now, *wide = (self.fontMetrics().size(0, text).width() for text in (self.text(), *self._wide))
        return QSize(max(0, *(width - now for width in wide)), 0)


def _wide(tiles: int) -> tuple[tuple[str, ...], ...]:
    """Give for each column the texts of which one is the widest: numbers have three digits, all of one width."""
    numbers = ("0.000888", "8.88e-08")
    count = f"{int('8' * len(str(tiles))):,}"
    return (
        (*numbers, "not shown"),
        (count,),
        ("100.0 %",),
        ("yes",),
        tuple(f"+{number}" for number in numbers),
    )


def in_words(reading: StageReading | None) -> tuple[str, str, str, str, str]:
    """Say what a stage says of a tile: attention, place, percentile, whether it claims it, and evidence."""
    if reading is None:
        return UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN
    claimed = "yes" if reading.claimed else "no"
    evidence = UNKNOWN if math.isnan(reading.evidence) else f"{reading.evidence:+.3g}"
    if math.isnan(reading.attention):
        return "not shown", UNKNOWN, UNKNOWN, claimed, evidence
    return f"{reading.attention:.3g}", f"{reading.place:,}", f"{reading.percentile:.1f} %", claimed, evidence


def _among(reading: StageReading | None) -> str:
    return f"{reading.place:,} of {reading.shown:,} tiles" if reading is not None and reading.place else ""


def _heading(text: str, help_text: str) -> QLabel:
    label = QLabel(text)
    label.setToolTip(help_text)
    label.setEnabled(False)  # greyed: a heading, not a value
    return label
