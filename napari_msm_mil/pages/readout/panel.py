"""The read-out of a tile: what all stages say of the one under the mouse, or of the one that is locked."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qtpy.QtCore import QEvent, QSize, Qt, Signal
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from msm_mil_core.display.role_words import RoleWords
from msm_mil_core.display.stage_style import stage_name
from msm_mil_core.mil.map_names import in_sentence, map_label, map_name, said_of_maps
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.pages.readout.tile_reading import StageReading, TileReading
from napari_msm_mil.widgets.column_heading import column_heading
from napari_msm_mil.widgets.controls import literal_tip
from napari_msm_mil.widgets.eliding_label import ElidingLabel
from napari_msm_mil.widgets.wrapped_label import WrappedText

NOWHERE = "Point at a tile; click to lock it."
UNKNOWN, HIDDEN = "–", "hidden"
UNDER_MOUSE, LOCKED = "Under the mouse", "Locked tile"
COLUMNS = (
    ("attention", "Attention", "Share of the stage's attention on the tile; hidden where the stage could not see it"),
    ("place", "Place", "Its rank by attention among the tiles the stage could see, 1 for the highest"),
    ("percentile", "Percentile", "Percentage of the tiles the stage could see whose attention is not higher"),
    (
        "evidence",
        "Evidence",
        "What the tile adds, through the stage, to the log-odds of the class chosen under Stages; a class's "
        "probability follows from its log-odds",
    ),
)
PLACE, PERCENTILE = 1, 2
"""The column of the place, whose tooltip says among how many tiles; and the column that a narrow dock does without."""
RIGHT = Qt.AlignmentFlag.AlignRight


class ReadoutPanel(QWidget):
    """One line for each stage, always there, so that nothing jumps when the mouse comes and goes."""

    unlock_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[_Line] = []
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
        wide = _wide(len(result.tiles))
        self._lines = [
            self._add_line(_Line(index, wide, self._classes)) for index in range(len(result.prediction.stages))
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

    def _add_line(self, line: _Line) -> _Line:
        self._grid.addWidget(line.name, line.index + 1, 0)
        for column, label in enumerate(line.labels, start=1):
            self._grid.addWidget(label, line.index + 1, column, RIGHT)
        return line


class _Line:
    def __init__(self, index: int, wide: tuple[tuple[str, ...], ...], classes: tuple[str, ...]) -> None:
        self.index, self._label = index, map_label(index, classes)
        self.name = ElidingLabel(f"tile_stage_{index}")
        self.labels = tuple(_Value(texts) for texts in wide)
        self.show_roles(RoleWords())
        for label, (what, text, _) in zip(self.labels, COLUMNS, strict=True):
            label.setObjectName(f"{what}_{index}")
            label.setAccessibleName(f"{stage_name(index, classes)}, {text.lower()} of the tile")

    @property
    def text(self) -> str:
        return " ".join(label.text() for label in self.labels)

    def show_roles(self, words: RoleWords) -> None:
        self.name.setText(" · ".join(filter(None, (self._label, words.kind(self.index)))))
        self.name.setToolTip(literal_tip(words.sentence(self.index)))

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
        (*numbers, HIDDEN),
        (count,),
        ("100.0 %",),
        tuple(f"+{number}" for number in numbers),
    )


def in_words(reading: StageReading | None) -> tuple[str, str, str, str]:
    """Say what a stage says of a tile: attention, place, percentile, and evidence."""
    if reading is None:
        return UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN
    evidence = UNKNOWN if math.isnan(reading.evidence) else f"{reading.evidence:+.3g}"
    if math.isnan(reading.attention):
        return HIDDEN, UNKNOWN, UNKNOWN, evidence
    return f"{reading.attention:.3g}", f"{reading.place:,}", f"{reading.percentile:.1f} %", evidence


def claimed_by(stages: Sequence[StageReading], classes: Sequence[str] = ()) -> str:
    """Say which stage claims the tile; empty if none does."""
    claiming = (in_sentence(map_name(at, classes)) for at, stage in enumerate(stages) if stage.claimed)
    return next((f"claimed by {name}" for name in claiming), "")


def _among(reading: StageReading | None) -> str:
    if reading is None or not reading.place:
        return ""
    return f"{reading.place:,} of {reading.shown:,} tiles; attention is not higher in {reading.percentile:.1f} %"
