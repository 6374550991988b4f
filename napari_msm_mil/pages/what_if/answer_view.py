"""The answer to a question: a sentence, probabilities before and after, weights of the stages."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from msm_mil_core.display.stage_style import stage_name
from msm_mil_core.explain.what_if import Answer
from napari_msm_mil.widgets.probability_bars import ProbabilityBars
from napari_msm_mil.widgets.wrapped_label import WrappedText

NOTHING_ASKED = "What would the model say without a part of the slide? Choose the part and ask; masks are recomputed."


class AnswerView(QWidget):
    """Shows one answer; before there is one, what can be asked."""

    maps_requested = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._sentence = WrappedText("ask_answer", bold=True)
        self._bars = ProbabilityBars()
        self._bars.setObjectName("ask_probabilities")
        self._bars.setAccessibleName("Class probabilities before and after")
        self._weights = WrappedText("ask_weights")
        self._maps = QCheckBox("Show where the stages would look")
        self._maps.setObjectName("ask_maps")
        self._maps.clicked.connect(self.maps_requested)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self._sentence, self._bars, self._weights, self._maps):
            layout.addWidget(widget)

    @property
    def text(self) -> str:
        """What the model says, in words."""
        return self._sentence.text()

    def show_answer(self, answer: Answer | None) -> None:
        """Show an answer; None before the first question."""
        self._sentence.setText(NOTHING_ASKED if answer is None else str(answer))
        for widget in (self._bars, self._weights, self._maps):
            widget.setVisible(answer is not None)
        if answer is not None:
            self._bars.show_change(answer.before, answer.after)
            self._weights.setText(_weights(answer))
            self._weights.setVisible(_weights_changed(answer))

    def show_maps(self, shown: bool) -> None:
        """Show whether the maps of the answer are visible."""
        self._maps.setChecked(shown)


def _weights(answer: Answer) -> str:
    pairs = zip(answer.before.stages, answer.after.stages, strict=True)
    weights = [
        f"{stage_name(at, answer.before.map_classes)} {was.beta:.2f} → {now.beta:.2f}"
        for at, (was, now) in enumerate(pairs)
    ]
    return f"Stage weights: {', '.join(weights)}"


def _weights_changed(answer: Answer) -> bool:
    pairs = zip(answer.before.stages, answer.after.stages, strict=True)
    return any(f"{was.beta:.2f}" != f"{now.beta:.2f}" for was, now in pairs)
