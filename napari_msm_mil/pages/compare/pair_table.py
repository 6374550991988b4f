"""The table of pairs of stages, each figure beside chance."""

from math import isfinite

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QWidget

from msm_mil_core.explain.stage_comparison import Range, StagePair

UNKNOWN = "–"
HEADINGS = (
    ("Pair", "Each pair of stages"),
    ("Overlap", "Top tiles that both stages share, as a fraction of the top tiles of either (Jaccard index); 0 to 1"),
    ("Rank corr.", "Whether both rank the tiles alike: 1 same order, 0 unrelated, -1 opposite order"),
    ("Distance, {unit}", "How far the top tiles of one must be moved, on average, to coincide with those of the other"),
)
RIGHT = Qt.AlignmentFlag.AlignRight


class PairTable(QWidget):
    """One row for each pair of stages, the mean by chance in brackets; the range by chance is a tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)

    def show_pairs(self, pairs: tuple[StagePair, ...]) -> None:
        """Make one row for each pair."""
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        unit = "µm" if all(isfinite(pair.mpp) for pair in pairs) else "pixels"
        for column, (text, help_text) in enumerate(HEADINGS):
            heading = QLabel(text.format(unit=unit))
            heading.setToolTip(help_text)
            heading.setEnabled(False)  # greyed: a heading, not a value
            self._grid.addWidget(heading, 0, column, RIGHT if column else Qt.AlignmentFlag.AlignLeft)
        for row, pair in enumerate(pairs, start=1):
            for column, label in enumerate(_cells(pair)):
                self._grid.addWidget(label, row, column, RIGHT if column else Qt.AlignmentFlag.AlignLeft)


def _cells(pair: StagePair) -> tuple[QLabel, ...]:
    um = (pair.distance_um, pair.distance_um_by_chance, pair.distance_um_chance_range)
    px0 = (pair.distance_px0, pair.distance_px0_by_chance, pair.distance_px0_chance_range)
    overlap = (pair.overlap, pair.overlap_by_chance, pair.overlap_chance_range)
    correlation = (pair.rank_correlation, None, pair.rank_correlation_chance_range)
    return (
        QLabel(f"Stages {pair.one + 1} and {pair.other + 1}"),
        _beside_chance("Overlap", overlap, "z.2f"),
        _beside_chance("Rank correlation", correlation, "+z.2f"),
        _beside_chance("Distance", um if isfinite(pair.mpp) else px0, "z,.0f"),
    )


def _beside_chance(what: str, figures: tuple[float, float | None, Range], form: str) -> QLabel:
    """Write a value, in brackets its mean by chance; None where that is always 0."""
    figure, by_chance, (low, high) = figures
    if not isfinite(figure):
        return QLabel(UNKNOWN)
    label = QLabel(f"{figure:{form}}" if by_chance is None else f"{figure:{form}} ({by_chance:{form}})")
    label.setToolTip(f"{what} {figure:{form}}; 95 % of the values by chance lie from {low:{form}} to {high:{form}}")
    label.setAccessibleName(label.toolTip())
    return label
