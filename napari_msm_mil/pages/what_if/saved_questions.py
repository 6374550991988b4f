"""Questions that are saved with a result: a name for the current one, and the list of all."""

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QListWidget, QVBoxLayout, QWidget

from msm_mil_core.results.annotations import SavedQuestion
from napari_msm_mil.widgets.controls import literal_tip, named_button

MAX_ROWS = 4


class SavedQuestions(QWidget):
    """Requests to save, repeat and delete questions, and lists the saved ones."""

    save_requested = Signal(str)
    """The name that was typed; may be empty."""
    repeat_requested = Signal(int)
    """The index of the saved question to ask again."""
    delete_requested = Signal(int)
    """The index of the saved question to delete."""

    def __init__(self) -> None:
        super().__init__()
        self._name = QLineEdit()
        self._name.setObjectName("ask_name")
        self._name.setAccessibleName("Name of the question")
        self._name.setPlaceholderText("Name this question")
        self._name.returnPressed.connect(self._on_save)
        self._save = named_button("Save", "ask_keep", "Save question and answer with the result")
        self._save.clicked.connect(lambda _: self._on_save())
        self._list = QListWidget()
        self._list.setObjectName("kept_questions")
        self._list.setAccessibleName("Saved questions")
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # it would cover the last line
        self._list.itemActivated.connect(lambda _: self.repeat_requested.emit(self._list.currentRow()))
        self._again = named_button("Ask again", "kept_again", "Ask the selected question again")
        self._delete = named_button("Delete", "kept_forget", "Delete the selected question from the result")
        self._again.clicked.connect(lambda _: self.repeat_requested.emit(self._list.currentRow()))
        self._delete.clicked.connect(lambda _: self.delete_requested.emit(self._list.currentRow()))
        self._listed = QWidget()
        self._lay_out()

    def allow_saving(self, allowed: bool) -> None:
        """Show whether the current question can be saved."""
        self._name.setVisible(allowed)
        self._save.setVisible(allowed)

    def show_questions(self, questions: Sequence[SavedQuestion], classes: Sequence[str]) -> None:
        """List the saved questions, the latest one selected."""
        self._listed.setVisible(bool(questions))
        self._list.clear()
        for saved in questions:
            self._list.addItem(_in_one_line(saved, classes))
            self._list.item(self._list.count() - 1).setToolTip(literal_tip(_in_one_line(saved, classes)))
        self._list.setCurrentRow(len(questions) - 1)
        rows = min(MAX_ROWS, max(1, len(questions)))
        self._list.setFixedHeight(rows * (self._list.sizeHintForRow(0) + 1) + 2 * self._list.frameWidth() + 2)

    def _on_save(self) -> None:
        self.save_requested.emit(self._name.text().strip())
        self._name.clear()

    def _lay_out(self) -> None:
        name, buttons = QHBoxLayout(), QHBoxLayout()
        name.addWidget(self._name, 1)
        name.addWidget(self._save)
        buttons.addWidget(self._again)
        buttons.addWidget(self._delete)
        listed = QVBoxLayout(self._listed)
        listed.setContentsMargins(0, 0, 0, 0)
        listed.addWidget(QLabel("Saved with the result"))
        listed.addWidget(self._list)
        listed.addLayout(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(name)
        layout.addWidget(self._listed)


def _in_one_line(saved: SavedQuestion, classes: Sequence[str]) -> str:
    if not len(saved.before) == len(saved.after) == len(classes):  # another program may have written it
        return str(saved.question)
    at = max(range(len(classes)), key=lambda index: saved.before[index])
    return f"{saved.question}: {classes[at]} {saved.before[at]:.2f} → {saved.after[at]:.2f}"
