"""What a reader must know of an answer: what its model is worth, whether it is called, which model it is of."""

from qtpy.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from msm_mil_core.mil.checkpoint import Checkpoint
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.widgets.wrapped_label import WrappedText

BADGE_STYLE = "background: #E69F00; color: #111111; border-radius: 4px; padding: 2px 6px; font-weight: bold"
"""Okabe and Ito's orange with black on it, which can be read in a light and in a dark window."""

AUC = (
    "AUC: how often the model gives a slide that is of a class a higher probability of it than one that is not, "
    "on slides that it was not trained on. 1 is always, 0.5 is guessing."
)


class AnswerNotes(QWidget):
    """A badge for a model that is not to be relied on, and sentences, as far as there is something to say."""

    def __init__(self) -> None:
        super().__init__()
        self._result: SlideResult | None = None
        self._chosen: Checkpoint | None = None
        self._badge = QLabel()
        self._badge.setObjectName("answer_badge")
        self._badge.setStyleSheet(BADGE_STYLE)
        self._badge.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._model, self._closeness = WrappedText("answer_model"), WrappedText("answer_closeness")
        self._model.setToolTip(AUC)
        self._other = WrappedText("answer_other_model", bold=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for widget in (self._other, self._badge, self._model, self._closeness):
            layout.addWidget(widget)

    def show_result(self, result: SlideResult) -> None:
        """Show what an answer is worth."""
        self._result, worth = result, result.worth
        _say(self._badge, worth.badge)
        _say(self._model, f"Not to be relied on: {worth.model}" if worth.badge else f"This model: {worth.model}")
        _say(self._closeness, worth.closeness)
        self._badge.setAccessibleName(worth.warning)
        self._show_other()

    def show_chosen(self, chosen: Checkpoint | None) -> None:
        """Mark the result if it is not of the model that is chosen for the next run."""
        self._chosen = chosen
        self._show_other()

    def _show_other(self) -> None:
        if self._result is None or self._chosen is None or self._chosen.sha256 == self._result.model.sha256:
            _say(self._other, "")
            return
        names = self._result.model.name, self._chosen.name
        other = names[1] if names[0] != names[1] else f"another model of that name ({self._chosen.sha256[:8]}…)"
        _say(self._other, f"This is a result of {names[0]}; the model chosen for the next run is {other}.")


def _say(label: QLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))
