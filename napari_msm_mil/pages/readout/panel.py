"""The read-out of a tile: what all stages say of the one under the mouse, or of the one that is locked."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, QSize, Qt, Signal
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from msm_mil_core.display.role_words import RoleWords
from msm_mil_core.mil.map_names import in_sentence, map_name, said_of_maps
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.pages.readout.reading_line import COLUMNS, ReadingLine, wide_texts
from napari_msm_mil.pages.readout.tile_reading import StageReading, TileReading
from napari_msm_mil.widgets.column_heading import column_heading
from napari_msm_mil.widgets.wrapped_label import WrappedText

NOWHERE = "Point at a tile; click to lock it."
UNDER_MOUSE, LOCKED = "Under the mouse", "Locked tile"
PERCENTILE = 2
"""The column that a narrow dock does without."""
RIGHT = Qt.AlignmentFlag.AlignRight


class ReadoutPanel(QWidget):
    """One line for each stage, always there, so that nothing jumps when the mouse comes and goes."""

    unlock_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[ReadingLine] = []
        self._classes: tuple[str, ...] = ()
        self._headings: tuple[QLabel, ...] = ()
        self._heading, self._claimed = QLabel(UNDER_MOUSE), QLabel()
        self._claimed.setObjectName("tile_claimed")
        self._claimed.setMinimumWidth(1)
        self._locked: TileReading | None = None
        self._place = WrappedText("tile_place")
        self._unlock = self._unlock_button()
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)
        top = QHBoxLayout()
        top.addWidget(self._heading)
        top.addWidget(self._claimed, 1, RIGHT)
        top.addWidget(self._unlock)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addWidget(self._place)
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
        self._classes = result.prediction.map_classes
        self._grid.addWidget(column_heading("Map of" if self._classes else "Stage", ""), 0, 0)
        self._headings = tuple(
            column_heading(text, said_of_maps(help_text, self._classes)) for _, text, help_text in COLUMNS
        )
        for column, heading in enumerate(self._headings, start=1):
            self._grid.addWidget(heading, 0, column, RIGHT)
        wide = wide_texts(len(result.tiles))
        self._lines = [
            self._add_line(ReadingLine(index, wide, self._classes)) for index in range(len(result.prediction.stages))
        ]
        self._fit()
        self.lock(None)

    def minimumSizeHint(self) -> QSize:
        """Need no room for the column that is left out where there is little."""
        room = self._percentile_px() if self._grid_shows_percentiles else 0
        return super().minimumSizeHint() - QSize(room, 0)

    def event(self, event: QEvent | None) -> bool:
        """Show percentiles where there is room for them."""
        if event is not None and event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._fit()
        return super().event(event)

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

    def show_roles(self, words: RoleWords) -> None:
        """Show what each stage is for beside its number."""
        for line in self._lines:
            line.show_roles(words)

    @property
    def _grid_shows_percentiles(self) -> bool:
        return bool(self._headings) and not self._headings[PERCENTILE].isHidden()

    def _fit(self) -> None:
        if not self._headings:
            return
        roomy = self.width() >= self.minimumSizeHint().width() + self._percentile_px()
        for label in (self._headings[PERCENTILE], *(line.labels[PERCENTILE] for line in self._lines)):
            label.setVisible(roomy)

    def _percentile_px(self) -> int:
        column = (self._headings[PERCENTILE], *(line.labels[PERCENTILE] for line in self._lines))
        return max(label.sizeHint().width() for label in column) + self._grid.horizontalSpacing()

    def _unlock_button(self) -> QPushButton:
        unlock = QPushButton("Unlock")
        unlock.setObjectName("unlock_tile")
        unlock.setAccessibleName("Let the read-out follow the mouse again")
        policy = unlock.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # nothing jumps when a tile is locked
        unlock.setSizePolicy(policy)
        unlock.setVisible(False)
        unlock.clicked.connect(lambda _: self.unlock_requested.emit())
        return unlock

    def _show(self, reading: TileReading | None) -> None:
        if reading is None:
            self._place.setText(NOWHERE)
            self._claimed.clear()
            for line in self._lines:
                line.read(None)
            return
        x_px0, y_px0 = reading.xy_px0
        self._place.setText(f"Tile {reading.tile} at x {x_px0:,}, y {y_px0:,}")
        self._place.setToolTip("The tile's upper left corner, in pixels of the slide's finest level")
        self._claimed.setText(claimed_by(reading.stages, self._classes))
        for line, stage in zip(self._lines, reading.stages, strict=True):
            line.read(stage)

    def _add_line(self, line: ReadingLine) -> ReadingLine:
        self._grid.addWidget(line.name, line.index + 1, 0)
        for column, label in enumerate(line.labels, start=1):
            self._grid.addWidget(label, line.index + 1, column, RIGHT)
        return line


def claimed_by(stages: Sequence[StageReading], classes: Sequence[str] = ()) -> str:
    """Say which stage claims the tile; empty if none does."""
    claiming = (in_sentence(map_name(at, classes)) for at, stage in enumerate(stages) if stage.claimed)
    return next((f"claimed by {name}" for name in claiming), "")
