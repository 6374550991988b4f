"""The table of mask stages: the numbers of each, and how it is shown."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from msm_mil_core.display.stage_display import StageDisplay, visible_layers
from msm_mil_core.display.stage_style import stage_name
from msm_mil_core.mil.prediction import Prediction, StageAttention
from napari_msm_mil.pages.stages.contrast_choice import ContrastChoice
from napari_msm_mil.pages.stages.display_bar import DisplayBar
from napari_msm_mil.widgets.swatch import SWATCH_PX, swatch

LEFT, RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
COLUMNS = (
    ("Stage", "Tick to show its heatmap", LEFT),
    ("Weight", "How much the stage counts in the answer (beta); the weights of all stages add up to 1", RIGHT),
    ("Tiles\nclaimed", "How many tiles the stage claims: its top tiles, which no earlier stage has claimed", RIGHT),
    (
        "Tiles\nused",
        "Over how many tiles the attention is spread, roughly: 1 if one tile has all of it (the effective number of "
        "tiles, exp of the attention's entropy)",
        RIGHT,
    ),
    ("", "", RIGHT),
)


class StageTable(QWidget):
    """One line for each stage: it reports what the user requests, and shows how the stages are displayed."""

    visible_requested = Signal(int, bool)
    alone_requested = Signal(int, bool)
    contrast_requested = Signal(int, str)
    """Stage and contrast; stage -1 stands for all."""
    claimed_requested = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[_StageLine] = []
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(4)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)
        self._headings = [_heading(text, help_text) for text, help_text, _ in COLUMNS]
        for column, (heading, (_, _, side)) in enumerate(zip(self._headings, COLUMNS, strict=True)):
            self._grid.addWidget(heading, 0, column, side | Qt.AlignmentFlag.AlignBottom)
        self.contrasts, self.bar = ContrastChoice(), DisplayBar()
        self.contrasts.requested.connect(self.contrast_requested)
        self._claimed = QCheckBox("Outline the tiles that each stage claims")
        self._claimed.setObjectName("claimed_visible")
        self._claimed.clicked.connect(self.claimed_requested)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._grid)
        layout.addWidget(self._claimed)
        layout.addWidget(self.contrasts)
        layout.addWidget(self.bar)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """What the keyboard goes through, in order."""
        lines = (widget for line in self._lines for widget in (line.show, line.alone))
        return (*lines, self._claimed, *self.contrasts.controls, *self.bar.controls)

    def show_prediction(self, prediction: Prediction) -> None:
        """Make one line for each stage."""
        self._clear()
        for index, stage in enumerate(prediction.stages):
            self._lines.append(self._add_line(index, stage))
        self.contrasts.show_prediction(prediction)
        self.bar.show_stages(len(prediction.stages))

    def show_display(self, display: StageDisplay) -> None:
        """Show how the stages are displayed; a stage without a layer cannot be operated."""
        for line in self._lines:
            line.show_display(display)
        self._claimed.setEnabled(display.claimed_shown is not None)
        self._claimed.setChecked(bool(display.claimed_shown))
        self.contrasts.show_display(display)
        self.bar.show_display(display)

    def _add_line(self, index: int, stage: StageAttention) -> _StageLine:
        line = _StageLine(index, stage)
        line.show.clicked.connect(lambda on: self.visible_requested.emit(index, on))
        line.alone.clicked.connect(lambda on: self.alone_requested.emit(index, on))
        for column, widget in enumerate(line.widgets):
            self._grid.addWidget(widget, index + 1, column, COLUMNS[column][2])
        return line

    def _clear(self) -> None:
        for widget in (widget for line in self._lines for widget in line.widgets):
            self._grid.removeWidget(widget)
            widget.setParent(None)
            widget.deleteLater()
        self._lines.clear()


class _StageLine:
    def __init__(self, index: int, stage: StageAttention) -> None:
        self._index, name = index, stage_name(index)
        self.show = QCheckBox(str(index + 1))
        self.show.setIcon(swatch(index))
        self.show.setIconSize(SWATCH_PX)
        self.show.setObjectName(f"show_{index}")
        self.show.setAccessibleName(f"Show {name}")
        self.alone = QPushButton("Alone")
        self.alone.setCheckable(True)
        self.alone.setObjectName(f"solo_{index}")
        self.alone.setAccessibleName(f"Show {name} alone")
        self.alone.setToolTip(f"Show {name} alone; press again to show the others again")
        self._numbers = (
            _number(f"{stage.beta:.3f}", f"{name}, weight beta {stage.beta:.3f}"),
            _number(f"{int(stage.claimed.sum()):,}", f"{name} claims {int(stage.claimed.sum())} tiles"),
            _number(
                f"{stage.effective_tiles:,.0f}", f"{name}, attention spread over {stage.effective_tiles:.1f} tiles"
            ),
        )

    @property
    def widgets(self) -> tuple[QWidget, ...]:
        return (self.show, *self._numbers, self.alone)

    def show_display(self, display: StageDisplay) -> None:
        for widget in (self.show, self.alone):
            widget.setEnabled(self._index in display.present)
        self.show.setChecked(self._index in visible_layers(display))
        self.alone.setChecked(display.alone == self._index)


def _heading(text: str, help_text: str) -> QLabel:
    label = QLabel(text)
    label.setToolTip(help_text)
    label.setAlignment(RIGHT)
    label.setEnabled(False)  # greyed: a heading, not a value
    return label


def _number(text: str, spoken: str) -> QLabel:
    label = QLabel(text)
    label.setAccessibleName(spoken)
    return label
