"""The table of mask stages: what each is for, its numbers, and how it is shown."""

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from msm_mil_core.display.role_words import RoleWords
from msm_mil_core.display.stage_display import StageDisplay
from msm_mil_core.mil.prediction import Prediction
from napari_msm_mil.pages.stages.contrast_choice import ContrastChoice
from napari_msm_mil.pages.stages.display_bar import DisplayBar
from napari_msm_mil.pages.stages.reading_help import HowToRead
from napari_msm_mil.pages.stages.stage_line import StageLine
from napari_msm_mil.pages.stages.view_choice_bar import ViewChoiceBar
from napari_msm_mil.pages.stages.view_text import what_is_shown
from napari_msm_mil.widgets.column_heading import column_heading
from napari_msm_mil.widgets.wrapped_label import WrappedText

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
        self._lines: list[StageLine] = []
        self._of_classes = False
        self._display, self._words = StageDisplay(()), RoleWords()
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(3)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)
        self._headings = [_heading(text, help_text) for text, help_text, _ in COLUMNS]
        for column, (heading, (_, _, side)) in enumerate(zip(self._headings, COLUMNS, strict=True)):
            self._grid.addWidget(heading, 0, column, side | Qt.AlignmentFlag.AlignBottom)
        self.choice, self.contrasts, self.bar = ViewChoiceBar(), ContrastChoice(), DisplayBar()
        self.contrasts.requested.connect(self.contrast_requested)
        self._claimed = QCheckBox("Outline the tiles that each stage claims")
        self._claimed.setObjectName("claimed_visible")
        self._claimed.clicked.connect(self.claimed_requested)
        self._reading, self._help = WrappedText("view_text"), HowToRead()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.choice)
        layout.addLayout(self._grid)
        for widget in (self._reading, self._help, self._claimed, self.contrasts, self.bar):
            layout.addWidget(widget)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """What the keyboard goes through, in order."""
        lines = (widget for line in self._lines for widget in (line.show, line.alone))
        return (
            *self.choice.controls,
            *lines,
            self._help.focusProxy(),
            self._claimed,
            *self.contrasts.controls,
            *self.bar.controls,
        )

    def show_prediction(self, prediction: Prediction) -> None:
        """Make one line for each stage."""
        self._clear()
        self._display = StageDisplay(())  # that of the result before may have more stages
        stages, self._of_classes = len(prediction.stages), bool(prediction.map_classes)
        for index, stage in enumerate(prediction.stages):
            self._lines.append(self._add_line(StageLine(index, stage, prediction.map_classes), index))
            self._lines[-1].alone.setVisible(stages > 1)
        for part in (self.choice, self.contrasts):
            part.show_prediction(prediction)
        for other in (self.bar, self._help):
            other.show_stages(stages, prediction.map_classes)
        self._name_columns()
        self.show_roles(RoleWords())

    def show_display(self, display: StageDisplay) -> None:
        """Show how the stages are displayed; a stage without a layer cannot be operated."""
        self._display = display
        self._show_reading()
        self.choice.show_display(display)
        for line in self._lines:
            line.show_display(display)
        self._claimed.setEnabled(display.claimed_shown is not None)
        self._claimed.setChecked(bool(display.claimed_shown))
        self.contrasts.show_display(display)
        self.bar.show_display(display)

    def show_roles(self, words: RoleWords) -> None:
        """Show what each stage is for, or why that cannot be told."""
        self._words = words
        for line in self._lines:
            line.show_roles(words)
        self.contrasts.show_roles(words)
        self._show_reading()

    def _name_columns(self) -> None:
        """Say what the lines stand for: stages, or the classes whose own the maps are."""
        kind = "map" if self._of_classes else "stage"
        self._headings[0].setText("Map of" if self._of_classes else "Stage")
        self._headings[1].setVisible(not self._of_classes)
        self._claimed.setText(f"Outline the tiles that each {kind} claims")

    def _show_reading(self) -> None:
        text = what_is_shown(self._display, self._words, of_classes=self._of_classes)
        self._reading.setText(text)
        self._reading.setVisible(bool(text))

    def _add_line(self, line: StageLine, index: int) -> StageLine:
        line.show.clicked.connect(lambda on: self.visible_requested.emit(index, on))
        line.alone.clicked.connect(lambda on: self.alone_requested.emit(index, on))
        for column, widget in enumerate(line.widgets):
            self._grid.addWidget(widget, 2 * index + 1, column, COLUMNS[column][2])
        self._grid.addWidget(line.role, 2 * index + 2, 0, 1, len(COLUMNS))
        return line

    def _clear(self) -> None:
        for widget in (widget for line in self._lines for widget in (*line.widgets, line.role)):
            self._grid.removeWidget(widget)
            widget.setParent(None)
            widget.deleteLater()
        self._lines.clear()


def _heading(text: str, help_text: str) -> QLabel:
    label = column_heading(text, help_text)
    label.setAlignment(RIGHT)
    return label
