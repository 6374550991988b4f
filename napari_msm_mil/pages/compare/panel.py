"""Where the stages are compared: pairs beside chance, the tissue that each adds, and the maps that show it."""

from functools import partial

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from msm_mil_core.display.stage_style import stage_name
from msm_mil_core.explain.stage_comparison import CompareOptions, StageComparison
from msm_mil_core.export.figures.comparison import coverage_figure, findings, pairs_figure
from msm_mil_core.export.tables.comparison import NOTE
from msm_mil_core.progress import Progress
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.pages.compare.pair_table import PairTable
from napari_msm_mil.widgets.controls import named_box, named_button
from napari_msm_mil.widgets.disclosure import Disclosure
from napari_msm_mil.widgets.figure_view import FigureView
from napari_msm_mil.widgets.map_switch import MapSwitch
from napari_msm_mil.widgets.option_editors import PlainSpinBox
from napari_msm_mil.widgets.wrapped_label import WrappedText

NOTHING_COMPARED = (
    "Do the stages look at different tissue, or does one repeat another? Every two of them are held against chance."
)
ONE_STAGE = "The model has one stage, so there are no two to compare."


class ComparePanel(QWidget):
    """Wishes comparisons and maps, and shows them; before there is one, a button and a sentence."""

    compare_requested = Signal(object)
    """`CompareOptions`."""
    stop_requested = Signal()
    save_requested = Signal()
    map_requested = Signal(str, bool)
    """The key of a map, and whether to show it."""

    def __init__(self) -> None:
        super().__init__()
        self._percent = _percent_box()
        self._compare = named_button("Compare", "compare", "Hold every two stages against chance")
        self._stop = named_button("Stop", "compare_stop", "Stop comparing")
        self._text = WrappedText("compare_text")
        self._table, self._findings, self._note = PairTable(), WrappedText("findings"), WrappedText("compare_note")
        self._note.setText(NOTE)
        self._coverage = FigureView("coverage_figure", "Tissue covered, stage by stage")
        self._pairs = FigureView("pairs_figure", "Pairs of stages beside chance")
        self._drawn = Disclosure("Draw the pairs beside chance", self._pairs)
        self._drawn.setObjectName("compare_draw_pairs")
        self._one, self._other = (
            named_box("difference_one", "Rank in"),
            named_box("difference_other", "minus rank in"),
        )
        self._pair = (0, 1)
        self.maps = self._switches()
        self._save = named_button("Save table…", "compare_save", "All figures, with the ranges of chance, as CSV")
        self._head, self._body = QWidget(), QWidget()
        self._lay_out()
        self._connect()
        self.show_result(None)

    @property
    def text(self) -> str:
        """What is compared, or how far it is, or why there is nothing."""
        return self._text.text()

    @property
    def findings(self) -> str:
        """What is notable, in sentences."""
        return self._findings.text()

    @property
    def difference(self) -> tuple[int, int]:
        """Whose ranks are subtracted from whose."""
        return self._pair

    @property
    def options(self) -> CompareOptions:
        """What the user chose."""
        return CompareOptions(top_percent=self._percent.value())

    def show_result(self, result: SlideResult | None) -> None:
        """Get ready to compare the stages of a result."""
        stages = 0 if result is None else len(result.prediction.stages)
        self._body.setVisible(False)
        self._head.setVisible(stages != 1)
        self.idle(ONE_STAGE if stages == 1 else NOTHING_COMPARED)
        self._compare.setEnabled(stages > 1)
        self._note.setVisible(result is not None and result.prediction.masks_applied)
        self.maps["agreement"].set_text(f"Found by k of {stages} stages")
        for box, at in ((self._one, 0), (self._other, 1)):
            box.clear()
            box.addItems([stage_name(index) for index in range(stages)])
            box.setCurrentIndex(at)
        self._pair = (0, 1)

    def comparing(self) -> None:
        """Show that a comparison is under way."""
        self._show_busy(busy=True)
        self._text.setText("Comparing…")

    def progress(self, now: Progress) -> None:
        """Show how far it is."""
        self._text.setText(f"{now.step}: {now.done:,} of {now.total:,} {now.unit}")

    def idle(self, text: str) -> None:
        """Show that none is under way, and say why or what the last one did."""
        self._show_busy(busy=False)
        self.show_message(text)

    def show_message(self, text: str) -> None:
        """Say something."""
        self._text.setText(text)

    def show_comparison(self, comparison: StageComparison) -> None:
        """Show what was found."""
        self.idle(f"Top {comparison.options.top_percent:g} % of each stage; in brackets what chance gives on average.")
        told = "\n".join(findings(comparison))
        self._table.show_pairs(comparison.pairs)
        self._findings.setText(told)
        self._coverage.show_figure(partial(coverage_figure, comparison.coverage), told)
        self._pairs.show_figure(partial(pairs_figure, comparison.pairs), told)
        self._pairs.setVisible(self._drawn.isChecked())
        self._body.setVisible(True)

    def _switches(self) -> dict[str, MapSwitch]:
        between = (self._one, QLabel("and"), self._other)
        difference = MapSwitch("map_difference", "Difference of", "Where one stage ranks tiles above another", *between)
        return {
            "agreement": MapSwitch("map_agreement", "", "How many stages have a tile among their top tiles"),
            "winner": MapSwitch("map_winner", "Winner stage", "Which stage attends most to a tile"),
            "difference": difference,
        }

    def _connect(self) -> None:
        self._compare.clicked.connect(lambda _: self.compare_requested.emit(self.options))
        self._stop.clicked.connect(lambda _: self.stop_requested.emit())
        self._save.clicked.connect(lambda _: self.save_requested.emit())
        for key, switch in self.maps.items():
            switch.requested.connect(partial(self.map_requested.emit, key))
        for box in (self._one, self._other):
            box.activated.connect(lambda _: self._on_pair_chosen())

    def _on_pair_chosen(self) -> None:
        """Keep the two apart: who takes the other's stage gives its own for it."""
        one, other = self._one.currentIndex(), self._other.currentIndex()
        if one == other:
            one, other = self._pair[::-1]
            self._one.setCurrentIndex(one)
            self._other.setCurrentIndex(other)
        self._pair = (one, other)
        if self.maps["difference"].on:
            self.map_requested.emit("difference", True)

    def _show_busy(self, *, busy: bool) -> None:
        self._compare.setVisible(not busy)
        self._stop.setVisible(busy)

    def _lay_out(self) -> None:
        head = QHBoxLayout(self._head)
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self._percent, 1)
        for button in (self._compare, self._stop):
            head.addWidget(button, 1)
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(8)
        for widget in (self._table, self._findings, self._note, self._coverage, self._drawn, self._pairs):
            body.addWidget(widget)
        body.addWidget(QLabel("Show on the slide"))
        for widget in (*self.maps.values(), self._save):
            body.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        for widget in (self._head, self._text, self._body):
            layout.addWidget(widget)
        layout.addStretch(1)


def _percent_box() -> PlainSpinBox:
    box = PlainSpinBox()
    box.setObjectName("compare_percent")
    box.setAccessibleName("Share of each stage's tiles that is compared, per cent")
    box.setToolTip("The tiles of a stage are its top so many per cent of those that it was shown")
    box.setDecimals(1)
    box.setRange(0.1, 100.0)
    box.setValue(CompareOptions().top_percent)
    box.setPrefix("Top ")
    box.setSuffix(" % of each stage")
    return box
