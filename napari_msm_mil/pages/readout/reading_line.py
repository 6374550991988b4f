"""One line of the read-out: what a stage says of a tile, in columns that keep their width while the mouse moves."""

from __future__ import annotations

import math

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QLabel

from msm_mil_core.display.role_words import RoleWords
from msm_mil_core.display.stage_style import stage_name
from msm_mil_core.mil.map_names import map_label
from napari_msm_mil.pages.readout.tile_reading import StageReading
from napari_msm_mil.widgets.controls import literal_tip
from napari_msm_mil.widgets.eliding_label import ElidingLabel

UNKNOWN, HIDDEN = "–", "hidden"
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
PLACE = 1
"""The column of the place, whose tooltip says among how many tiles."""
RIGHT = Qt.AlignmentFlag.AlignRight


class ReadingLine:
    """The name of a stage, what it is for, and its four values of a tile."""

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
        """All four values."""
        return " ".join(label.text() for label in self.labels)

    def show_roles(self, words: RoleWords) -> None:
        """Show what the stage is for beside its number."""
        self.name.setText(" · ".join(filter(None, (self._label, words.kind(self.index)))))
        self.name.setToolTip(literal_tip(words.sentence(self.index)))

    def read(self, reading: StageReading | None) -> None:
        """Show what the stage says of a tile; None where there is no tile."""
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


def wide_texts(tiles: int) -> tuple[tuple[str, ...], ...]:
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


def _among(reading: StageReading | None) -> str:
    if reading is None or not reading.place:
        return ""
    return f"{reading.place:,} of {reading.shown:,} tiles; attention is not higher in {reading.percentile:.1f} %"
