"""The page that questions the model: what is removed, what the model then says, and the saved questions."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from msm_mil_core.explain.what_if import Answer, Inquiry
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.pages.what_if.answer_view import AnswerView
from napari_msm_mil.pages.what_if.saved_questions import SavedQuestions
from napari_msm_mil.pages.what_if.search_box import SearchBox
from napari_msm_mil.pages.what_if.step_form import StepForm
from napari_msm_mil.widgets.controls import named_button
from napari_msm_mil.widgets.wrapped_label import WrappedText


class WhatIfPanel(QWidget):
    """Composes questions, and shows answers."""

    undo_requested = Signal()
    redo_requested = Signal()
    restart_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.form, self.answer, self.saved, self.search = StepForm(), AnswerView(), SavedQuestions(), SearchBox()
        self._problem = WrappedText("ask_problem")
        self._steps = WrappedText("ask_steps")
        self._undo = _button("Undo", "ask_undo", "Undo the last step", self.undo_requested)
        self._redo = _button("Redo", "ask_redo", "Redo the step", self.redo_requested)
        self._restart = _button("Start over", "ask_restart", "Start again from the whole slide", self.restart_requested)
        buttons = QHBoxLayout()
        for button in (self._undo, self._redo, self._restart):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        for widget in (self.form, self._problem, self._steps):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        for widget in (self.answer, self.saved, self.search):
            layout.addWidget(widget)
        layout.addStretch(1)

    def show_result(self, result: SlideResult | None) -> None:
        """Get ready to ask about a result."""
        if result is not None:
            self.form.show_stages(result.prediction.map_names)
        self.search.show_idle("")

    def allow(self, why_not: str) -> None:
        """Enable questions, or say why none is possible."""
        for widget in (self.form, self.search):
            widget.setEnabled(not why_not)
        self.answer.setVisible(not why_not)
        self.show_problem(why_not)

    def show_problem(self, text: str) -> None:
        """Show what is wrong, or how to go on; an empty text hides it."""
        self._problem.setText(text)
        self._problem.setVisible(bool(text))

    @property
    def problem(self) -> str:
        """What is wrong, or how to go on."""
        return self._problem.text()

    def show_answer(self, inquiry: Inquiry, answer: Answer | None) -> None:
        """Show what was asked and what the model says; None where nothing can be asked."""
        lines = [f"{number}. {step}" for number, step in enumerate(inquiry.done, start=1)]
        self._steps.setText("\n".join(lines))
        self._steps.setVisible(bool(lines))
        self.answer.show_answer(answer if inquiry.done else None)
        self.saved.allow_saving(bool(inquiry.done))
        self._undo.setEnabled(bool(inquiry.done))
        self._redo.setEnabled(bool(inquiry.undone))
        self._restart.setEnabled(bool(inquiry.done))


def _button(text: str, name: str, help_text: str, signal: Signal) -> QPushButton:
    button = named_button(text, name, help_text)
    button.clicked.connect(lambda _: signal.emit())
    return button
