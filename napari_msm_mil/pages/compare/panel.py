"""The page that compares stages: pairs beside chance, the tissue that each adds, and the maps that show it."""

from functools import partial

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from msm_mil_core.explain.comparison_options import CompareOptions
from msm_mil_core.explain.stage_comparison import StageComparison
from msm_mil_core.export.tables.comparison import NOTE
from msm_mil_core.mil.map_names import map_label
from msm_mil_core.progress import Progress
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.pages.compare.other_panel import OtherResultPanel
from napari_msm_mil.pages.compare.pair_matrix import PairMatrix
from napari_msm_mil.pages.compare.pair_table import PairTable
from napari_msm_mil.widgets.controls import named_box, named_button
from napari_msm_mil.widgets.figure_view import FigureView
from napari_msm_mil.widgets.forms.percent_box import percent_box
from napari_msm_mil.widgets.map_switch import MapSwitch
from napari_msm_mil.widgets.section import Section
from napari_msm_mil.widgets.wrapped_label import WrappedText

NOTHING_COMPARED = (
    "Do the stages look at different tissue, or does one repeat another? Every pair is compared with chance."
)
MOST_LISTED = 4
"""Pairs of more stages than this are shown as a matrix: their list would be long."""
ONE_STAGE = "The model has one stage, so there is nothing to compare."


class ComparePanel(QWidget):
    """Requests comparisons and maps, and shows them; before there is one, a button and a sentence."""

    compare_requested = Signal(object)
    """`CompareOptions`."""
    stop_requested = Signal()
    save_requested = Signal()
    map_requested = Signal(str, bool)
    """The key of a map, and whether to show it."""

    def __init__(self) -> None:
        super().__init__()
        self._percent = percent_box("compare_percent", "Share of each stage's tiles that is compared, per cent")
        self._percent.setToolTip("The top x % of the tiles the stage could see")
        self._percent.setValue(CompareOptions().top_percent)
        self._percent.setPrefix("Top ")
        self._percent.setSuffix(" %")
        self._compare = named_button("Compare", "compare", "Compare every pair of stages with chance")
        self._stop = named_button("Stop", "compare_stop", "Stop comparing")
        self._text = WrappedText("compare_text")
        self._table, self._matrix = PairTable(), PairMatrix()
        self._findings, self._note = WrappedText("findings"), WrappedText("compare_note")
        self._note.setText(NOTE)
        self._coverage = FigureView("coverage_figure", "Tissue covered, stage by stage")
        self._pairs = FigureView("pairs_figure", "Pairs of stages beside chance")
        self._drawn = Section("Draw the pairs beside chance", "compare_draw_pairs", self._pairs)
        self._one, self._other = (
            named_box("difference_one", "Rank in"),
            named_box("difference_other", "minus rank in"),
        )
        self._pair = (0, 1)
        self.maps = self._switches()
        self._save = named_button("Save table…", "compare_save", "All values, with the ranges by chance, as CSV")
        self._head, self._body, self.other = QWidget(), QWidget(), OtherResultPanel()
        self._lay_out()
        self._connect()
        self.show_result(None)

    @property
    def text(self) -> str:
        """What is compared, or the progress, or why nothing can be compared."""
        return self._text.text()

    @property
    def findings(self) -> str:
        """The notable findings, in sentences."""
        return self._findings.text()

    @property
    def difference(self) -> tuple[int, int]:
        """The two stages of the difference map: ranks in the first minus ranks in the second."""
        return self._pair

    @property
    def options(self) -> CompareOptions:
        """What the user chose."""
        return CompareOptions(top_percent=self._percent.value())

    def show_result(self, result: SlideResult | None) -> None:
        """Get ready to compare the stages of a result."""
        stages = 0 if result is None else len(result.prediction.stages)
        self._body.setVisible(False)
        self.other.setVisible(result is not None)
        self._head.setVisible(stages != 1)
        self.show_idle(ONE_STAGE if stages == 1 else NOTHING_COMPARED)
        self._compare.setEnabled(stages > 1)
        self._note.setVisible(result is not None and result.prediction.masks_applied)
        classes = () if result is None else result.prediction.map_classes
        self.maps["agreement"].set_text(f"Found by how many of {stages} {'maps' if classes else 'stages'}")
        self.maps["winner"].set_text(f"{'Map' if classes else 'Stage'} that attends most")
        for box, at in ((self._one, 0), (self._other, 1)):
            box.clear()
            box.addItems([map_label(index, classes) for index in range(stages)])
            box.setCurrentIndex(at)
        self._pair = (0, 1)

    def show_running(self) -> None:
        """Show that a comparison is running."""
        self._show_busy(busy=True)
        self._text.setText("Comparing…")

    def show_progress(self, now: Progress) -> None:
        """Show how far the comparison is."""
        self._text.setText(f"{now.step}: {now.done:,} of {now.total:,} {now.unit}")

    def show_idle(self, text: str) -> None:
        """Show that no comparison is running, and a message."""
        self._show_busy(busy=False)
        self._text.setText(text)

    def show_comparison(self, comparison: StageComparison) -> None:
        """Show what was found."""
        from msm_mil_core.export.figures.comparison import coverage_figure, findings, pairs_figure  # matplotlib

        self.show_idle(_compared(comparison))
        text = "\n".join(findings(comparison))
        many = len(comparison.coverage) > MOST_LISTED
        self._table.setVisible(not many)
        self._matrix.setVisible(many)
        (self._matrix if many else self._table).show_pairs(comparison.pairs, comparison.map_classes)
        self._findings.setText(text)
        covered = None if comparison.map_classes else partial(coverage_figure, comparison.coverage)
        self._coverage.show_figure(covered, text)  # of maps of classes, none goes before another
        self._pairs.show_figure(partial(pairs_figure, comparison.pairs, classes=comparison.map_classes), text)
        self._body.setVisible(True)

    def _switches(self) -> dict[str, MapSwitch]:
        between = (self._one, QLabel("and"), self._other)
        difference = MapSwitch(
            "map_difference", "Difference of", "Where one stage ranks tiles higher than another", *between
        )
        return {
            "agreement": MapSwitch("map_agreement", "", "How many stages have a tile among their top tiles"),
            "winner": MapSwitch("map_winner", "Stage that attends most", "To each tile, in that stage's colour"),
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
        """Keep the two stages different: choosing the other's stage swaps the two."""
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
        for widget in (self._table, self._matrix, self._findings, self._note, self._coverage, self._drawn):
            body.addWidget(widget)
        body.addWidget(QLabel("Show on the slide"))
        for widget in (*self.maps.values(), self._save):
            body.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        for widget in (self._head, self._text, self._body, self.other):
            layout.addWidget(widget)
        layout.addStretch(1)


def _compared(comparison: StageComparison) -> str:
    brackets = "" if len(comparison.coverage) > MOST_LISTED else "; in brackets, the mean by chance"
    return f"Top {comparison.options.top_percent:g} % of each {'map' if comparison.map_classes else 'stage'}{brackets}."
