"""What a reader must know of an answer: whether the model knows such tissue, what it is worth, which model it is."""

from qtpy.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.widgets.controls import column, literal_tip, named_button
from napari_msm_mil.widgets.section import CLOSED, OPEN
from napari_msm_mil.widgets.section import STYLE as HEADING_STYLE
from napari_msm_mil.widgets.wrapped_label import WrappedText

BADGE_STYLE = (
    "QPushButton { background: #E69F00; color: #111111; border-radius: 4px; padding: 2px 6px; font-weight: bold; "
    "text-align: left } QPushButton:focus { text-decoration: underline }"
)
"""Okabe and Ito's orange with black on it, which can be read in a light and in a dark window."""
ABOUT = "About this answer"
"""What opens the sentences where there is no badge."""
NOT_CHOSEN = "Not of the model chosen for the next run"

AUC = (
    "AUC: how often the model gives a slide that is of a class a higher probability of it than one that is not, "
    "on slides that it was not trained on. 1 is always, 0.5 is guessing."
)


class AnswerNotes(QWidget):
    """A badge for a model that is not to be relied on; a click says why, and how sure the answer is."""

    def __init__(self) -> None:
        super().__init__()
        self._result: SlideResult | None = None
        self._chosen: Checkpoint | None = None
        self._words = ABOUT
        self._badge = named_button("", "answer_badge", "What the model's record says of its answers, and of this one")
        self._badge.setCheckable(True)
        self._badge.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._model, self._closeness = WrappedText("answer_model"), WrappedText("answer_closeness")
        self._model.setToolTip(AUC)
        self._other = WrappedText("answer_other_model", bold=True)
        self._unlike = WrappedText("answer_unlike", bold=True)
        self._sentences = column(self._model, self._closeness)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for widget in (self._unlike, self._other, self._badge, self._sentences):
            layout.addWidget(widget)
        self._badge.toggled.connect(self._on_toggled)
        self._on_toggled(False)

    def show_result(self, result: SlideResult) -> None:
        """Show what an answer is worth."""
        self._result, worth = result, result.worth
        self._words = worth.badge or ABOUT
        self._badge.setStyleSheet(BADGE_STYLE if worth.badge else HEADING_STYLE)
        self._badge.setAccessibleName(worth.warning or ABOUT)
        self._on_toggled(self._badge.isChecked())
        _say(self._unlike, worth.unlike)
        _say(self._model, f"Not to be relied on: {worth.model}" if worth.badge else f"This model: {worth.model}")
        _say(self._closeness, worth.closeness)
        self._show_other()

    def show_chosen(self, chosen: Checkpoint | None) -> None:
        """Mark the result if it is not of the model that is chosen for the next run."""
        self._chosen = chosen
        self._show_other()

    def _on_toggled(self, opened: bool) -> None:
        self._badge.setText(f"{OPEN if opened else CLOSED} {self._words}")
        self._sentences.setVisible(opened)

    def _show_other(self) -> None:
        if self._result is None or self._chosen is None or self._chosen.sha256 == self._result.model.sha256:
            _say(self._other, "")
            return
        names = self._result.model.name, self._chosen.name
        other = names[1] if names[0] != names[1] else f"another model of that name ({self._chosen.sha256[:8]}…)"
        said = f"This is a result of {names[0]}; the model chosen for the next run is {other}."
        _say(self._other, NOT_CHOSEN)
        self._other.setToolTip(literal_tip(said))


def _say(label: QLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))
