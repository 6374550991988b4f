"""The page that checks whether what the stages look at matters, and how stable it is."""

from collections.abc import Sequence
from functools import partial

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from msm_mil_core.display.stage_style import stage_name
from msm_mil_core.explain.faithfulness import Faithfulness
from msm_mil_core.explain.stability import Stability
from msm_mil_core.mil.map_names import in_sentence
from msm_mil_core.progress import Progress
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.pages.check.attribution_row import AttributionRow
from napari_msm_mil.widgets.figure_view import FigureView
from napari_msm_mil.widgets.map_switch import MapSwitch
from napari_msm_mil.widgets.wrapped_label import WrappedText

NOTHING_CHECKED = (
    "Does what a stage looks at matter for the answer? Its tiles are removed, or used alone, and compared with random "
    "tiles; and the model reads the slide repeatedly with random tiles missing."
)


class CheckPanel(QWidget):
    """Requests a check and maps, and shows the outcome; before there is one, a button and a sentence."""

    check_requested = Signal()
    stop_requested = Signal()
    spread_requested = Signal(int, bool)
    """A stage, and whether to show its spread."""

    def __init__(self) -> None:
        super().__init__()
        self.attribution = AttributionRow()
        self.spreads: list[MapSwitch] = []
        self._check = QPushButton("Check")
        self._check.setObjectName("check")
        self._stop = QPushButton("Stop")
        self._stop.setObjectName("check_stop")
        self._text = WrappedText("check_text")
        self._effects = WrappedText("check_effects")
        self._areas = WrappedText("check_areas")
        self._stable = WrappedText("check_stability")
        self._curves = FigureView("faithfulness_figure", "Deletion and insertion curves")
        self._body, self._switches = QWidget(), QWidget()
        self._check.clicked.connect(lambda _: self.check_requested.emit())
        self._stop.clicked.connect(lambda _: self.stop_requested.emit())
        self._lay_out()
        self.show_result(None)

    @property
    def text(self) -> str:
        """What can be checked, or the progress, or why nothing can be checked."""
        return self._text.text()

    @property
    def effects(self) -> str:
        """What each stage's tiles are worth, in plain words."""
        return self._effects.text()

    def show_result(self, result: SlideResult | None) -> None:
        """Get ready to check a result."""
        self._body.setVisible(False)
        self.show_idle(NOTHING_CHECKED)
        if result is not None:
            self._make_switches(result.prediction.map_names)
            self.attribution.show_classes(result.prediction.classes, result.prediction.winner)

    def allow(self, why_not: str) -> None:
        """Enable checks, or say why none is possible."""
        self._check.setEnabled(not why_not)
        self.attribution.setEnabled(not why_not)
        if why_not:
            self._text.setText(why_not)

    def show_running(self) -> None:
        """Show that a check is running."""
        self._show_busy(busy=True)
        self._text.setText("Checking…")

    def show_progress(self, now: Progress) -> None:
        """Show how far the check is."""
        self._text.setText(f"{now.step}: {now.done:,} of {now.total:,} {now.unit}")

    def show_idle(self, text: str) -> None:
        """Show that no check is running, and a message."""
        self._show_busy(busy=False)
        self._text.setText(text)

    def show_checked(self, faithfulness: Faithfulness, stability: Stability) -> None:
        """Show the outcome."""
        from msm_mil_core.export.figures.faithfulness import faithfulness_figure  # imports matplotlib

        self.show_idle(f"The model says {faithfulness.answer}, with probability {faithfulness.before:.3f}.")
        self._effects.setText("\n".join(faithfulness.sentences))
        areas = faithfulness.areas_summary
        self._curves.show_figure(partial(faithfulness_figure, faithfulness), areas)
        self._areas.setText(areas)
        self._stable.setText(str(stability))
        for switch, stage in zip(self.spreads, stability.stages, strict=True):
            name = in_sentence(stage_name(stage.stage, faithfulness.map_classes))
            switch.set_text(f"Spread of {name}: rank stability {stage.rank_correlation:.2f}")
        self._body.setVisible(True)

    def _make_switches(self, names: Sequence[str]) -> None:
        column = self._switches.layout()
        for switch in self.spreads:
            switch.setParent(None)
            switch.deleteLater()
        help_text = "How much the rank of each tile varies when other tiles are missing; rank stability 1: not at all"
        self.spreads = [MapSwitch(f"spread_{index}", name, help_text) for index, name in enumerate(names)]
        for index, switch in enumerate(self.spreads):
            switch.requested.connect(partial(self.spread_requested.emit, index))
            if column is not None:
                column.addWidget(switch)

    def _show_busy(self, *, busy: bool) -> None:
        self._check.setVisible(not busy)
        self._stop.setVisible(busy)

    def _lay_out(self) -> None:
        switches = QVBoxLayout(self._switches)
        switches.setContentsMargins(0, 0, 0, 0)
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(8)
        for widget in (self._effects, self._curves, self._areas, self._stable, self._switches):
            body.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        for widget in (self._check, self._stop, self._text, self._body, self.attribution):
            layout.addWidget(widget)
        layout.addStretch(1)
