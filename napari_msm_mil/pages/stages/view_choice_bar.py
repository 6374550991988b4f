"""What the canvas shows, in one choice: all stages, one stage, or the evidence for an answer."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from msm_mil_core.display.stage_display import StageDisplay
from msm_mil_core.display.view_choice import ViewChoice, attends_evenly, chosen_view
from msm_mil_core.mil.map_names import said_of_maps
from msm_mil_core.mil.prediction import Prediction
from napari_msm_mil.widgets.controls import literal_tip
from napari_msm_mil.widgets.segments import Segments

ALL, ONE, EVIDENCE = "view_all", "view_one", "view_evidence"
BUTTONS: dict[ViewChoice, str] = {"all stages": ALL, "one stage": ONE, "evidence": EVIDENCE}
ALL_HELP = "The top tiles of every stage, each stage in its own colour"
CLASSES_HELP = "The top tiles of the map of every class, each in its own colour"
ONE_HELP = "One stage alone, its whole map; Alone in the table, N and Shift + N choose which"
LONE_HELP = "Where the model looks: its attention"
EVEN_HELP = "Every tile counts the same in this model, so its attention says nothing; see the evidence"
EVIDENCE_HELP = "What each tile adds to the answer: orange speaks for it, blue against it"


class ViewChoiceBar(QWidget):
    """Reports which view the user requests, and shows which one is on the canvas."""

    all_requested = Signal()
    one_requested = Signal()
    evidence_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._even = False
        self._segments = Segments({ALL: "All stages", ONE: "One stage", EVIDENCE: "Evidence for the answer"})
        self._segments.button(ALL).setToolTip(ALL_HELP)
        self._requests = {
            ALL: self.all_requested,
            ONE: self.one_requested,
            EVIDENCE: self.evidence_requested,
        }
        self._segments.requested.connect(lambda name: self._requests[name].emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._segments)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """What the keyboard goes through, in order."""
        return self._segments.controls

    def show_prediction(self, prediction: Prediction) -> None:
        """Offer all stages and one of them; of a model with one stage, its attention, if that says anything."""
        several, self._even = len(prediction.stages) > 1, attends_evenly(prediction)
        self._segments.button(ALL).setVisible(several)
        self._segments.button(ALL).set_whole_text(said_of_maps("All stages", prediction.map_classes))
        self._segments.button(ALL).setToolTip(CLASSES_HELP if prediction.map_classes else ALL_HELP)
        one = self._segments.button(ONE)
        one.set_whole_text(said_of_maps("One stage", prediction.map_classes) if several else "Attention")
        one_help = said_of_maps(ONE_HELP, prediction.map_classes)
        one.setToolTip(one_help if several else EVEN_HELP if self._even else LONE_HELP)

    def show_class(self, class_name: str, why_not: str = "") -> None:
        """Offer the evidence for a class, or say why there is none."""
        evidence, text = self._segments.button(EVIDENCE), f"Evidence for {class_name}"
        evidence.set_whole_text(text)
        evidence.setEnabled(not why_not)
        evidence.setToolTip(literal_tip(f"{text}. {why_not or EVIDENCE_HELP}"))

    def show_display(self, display: StageDisplay) -> None:
        """Show what is on the canvas."""
        chosen = chosen_view(display)
        self._segments.show_chosen(None if chosen is None else BUTTONS[chosen])
        self._segments.button(ALL).setEnabled(bool(display.present))
        self._segments.button(ONE).setEnabled(bool(display.present) and not self._even)
