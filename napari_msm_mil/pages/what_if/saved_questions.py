"""Questions that are kept with a result: a name for the one that stands, and the list of all."""

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QListWidget, QVBoxLayout, QWidget

from msm_mil_core.results.annotations import SavedQuestion
from napari_msm_mil.widgets.controls import named_button

MOST_LINES = 4


class KeptQuestions(QWidget):
    """Keeps, asks again and forgets."""

    keep_requested = Signal(str)
    """The name that was typed; may be empty."""
    again_requested = Signal(int)
    """Which of the kept questions is to be asked again."""
    forget_requested = Signal(int)
    """Which of the kept questions is to be forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self._name = QLineEdit()
        self._name.setObjectName("ask_name")
        self._name.setAccessibleName("Name of the question")
        self._name.setPlaceholderText("Name this question")
        self._name.returnPressed.connect(self._on_keep)
        self._keep = named_button("Keep", "ask_keep", "Keep question and answer with the result")
        self._keep.clicked.connect(lambda _: self._on_keep())
        self._list = QListWidget()
        self._list.setObjectName("kept_questions")
        self._list.setAccessibleName("Questions that were kept")
        self._list.itemActivated.connect(lambda _: self.again_requested.emit(self._list.currentRow()))
        self._again = named_button("Ask again", "kept_again", "Put the chosen question again")
        self._forget = named_button("Forget", "kept_forget", "Take the chosen question out of the result")
        self._again.clicked.connect(lambda _: self.again_requested.emit(self._list.currentRow()))
        self._forget.clicked.connect(lambda _: self.forget_requested.emit(self._list.currentRow()))
        self._known = QWidget()
        self._lay_out()

    def allow_keeping(self, allowed: bool) -> None:
        """Offer to keep the question that stands, or not."""
        self._name.setVisible(allowed)
        self._keep.setVisible(allowed)

    def show_questions(self, questions: Sequence[SavedQuestion], classes: Sequence[str]) -> None:
        """List what was kept, the latest chosen."""
        self._known.setVisible(bool(questions))
        self._list.clear()
        self._list.addItems([_line(kept, classes) for kept in questions])
        self._list.setCurrentRow(len(questions) - 1)
        lines = min(MOST_LINES, max(1, len(questions)))
        self._list.setFixedHeight(lines * (self._list.sizeHintForRow(0) + 1) + 2 * self._list.frameWidth() + 2)

    def _on_keep(self) -> None:
        self.keep_requested.emit(self._name.text().strip())
        self._name.clear()

    def _lay_out(self) -> None:
        name, buttons = QHBoxLayout(), QHBoxLayout()
        name.addWidget(self._name, 1)
        name.addWidget(self._keep)
        buttons.addWidget(self._again)
        buttons.addWidget(self._forget)
        known = QVBoxLayout(self._known)
        known.setContentsMargins(0, 0, 0, 0)
        known.addWidget(QLabel("Kept with the result"))
        known.addWidget(self._list)
        known.addLayout(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(name)
        layout.addWidget(self._known)


def _line(kept: SavedQuestion, classes: Sequence[str]) -> str:
    at = max(range(len(classes)), key=lambda index: kept.before[index])
    return f"{kept.question}: {classes[at]} {kept.before[at]:.2f} → {kept.after[at]:.2f}"
