"""The form for one step of a question: without or only, and which tiles."""

from collections.abc import Sequence
from typing import Literal, get_args

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from msm_mil_core.explain.selections.selection import ClaimedTiles, Selection, TopTiles
from msm_mil_core.explain.what_if import Verb
from napari_msm_mil.widgets.controls import named_box
from napari_msm_mil.widgets.forms.percent_box import percent_box

Drawn = Literal["region", "tiles"]
"""What is selected on the slide with the mouse."""
VERBS: tuple[tuple[Verb, str], ...] = (("remove", "Without"), ("keep", "Only"))
CLAIMED, TOP, REGION, TILES = range(4)
WHATS = ("the tiles claimed by", "the top tiles of", "a region that I draw", "tiles that I click")
HELP = (
    "the tiles that a stage claims",
    "the tiles to which a stage attends most, as a percentage of those it could see",
    "draw on the slide, or select a layer of regions before: the answer is updated as you draw",
    "click tiles on the slide: click again to deselect one",
)


class StepForm(QWidget):
    """Controls that read as a sentence, and the button that asks."""

    step_requested = Signal(str, object)
    """A `Verb` and a `Selection`."""
    drawing_requested = Signal(str, str)
    """A `Verb` and a `Drawn`."""

    def __init__(self) -> None:
        super().__init__()
        self._verb = named_box("ask_verb", "Remove or use alone", [text for _, text in VERBS])
        self._what = named_box("ask_what", "Which tiles", WHATS)
        self._stage = named_box("ask_stage", "Stage", [])
        self._percent = percent_box("ask_percent", "Share of the stage's tiles, per cent")
        self._percent.setValue(5.0)
        self._percent.setSuffix(" %")
        self._ask = QPushButton("Ask")
        self._ask.setObjectName("ask")
        self._ask.setToolTip("Ask the model about the remaining tiles: it answers at once, from stored values")
        for at, text in enumerate(HELP):
            self._what.setItemData(at, text, 3)  # Qt.ToolTipRole
        self._what.currentIndexChanged.connect(lambda _: self._on_what())
        self._ask.clicked.connect(lambda _: self._on_ask())
        self._percent.text_edited.connect(lambda: self._ask.setEnabled(not self._percent.problem))
        first, second = QHBoxLayout(), QHBoxLayout()
        for widget, share in ((self._verb, 0), (self._what, 1)):
            first.addWidget(widget, share)
        for widget, share in ((self._percent, 0), (self._stage, 1), (self._ask, 1)):
            second.addWidget(widget, share)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(first)
        layout.addLayout(second)
        self._on_what()

    def show_stages(self, names: Sequence[str]) -> None:
        """List the stages of these names."""
        self._stage.clear()
        self._stage.addItems(list(names))

    def _on_what(self) -> None:
        what = self._what.currentIndex()
        self._stage.setVisible(what in (CLAIMED, TOP))
        self._percent.setVisible(what == TOP)
        self._ask.setText("Ask" if what in (CLAIMED, TOP) else ("Draw" if what == REGION else "Click"))

    def _on_ask(self) -> None:
        verb, what, stage = VERBS[self._verb.currentIndex()][0], self._what.currentIndex(), self._stage.currentIndex()
        if what in (REGION, TILES):
            self.drawing_requested.emit(verb, get_args(Drawn)[what - REGION])
            return
        selection: Selection = ClaimedTiles(stage=stage)
        if what == TOP:
            selection = TopTiles(stage=stage, percent=self._percent.value())
        self.step_requested.emit(verb, selection)
