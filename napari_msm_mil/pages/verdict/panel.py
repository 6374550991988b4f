"""The page on which a pathologist says what each stage looked at."""

from collections.abc import Callable, Sequence
from datetime import datetime
from html import escape
from itertools import pairwise

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QHideEvent, QWheelEvent
from qtpy.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from msm_mil_core.results.annotations import Annotations, Verdict, now
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.widgets.controls import literal_tip, shortened
from napari_msm_mil.widgets.swatch import swatch
from napari_msm_mil.widgets.wrapped_label import WrappedText

SUGGESTIONS = ("", "tumour", "inflammation", "necrosis", "stroma", "normal tissue", "artefact")
SMALL_GREY = "font-size: 8pt; color: #7d7d7d"
"""A grey that can be read on napari's dark and on its light background."""
LISTED = 5
"""How many earlier verdicts are listed."""
EXPLAINED = "What did each stage look at? Choose or type a label; it is saved automatically with the result."


class VerdictPanel(QWidget):
    """One label and, below it, one note for each stage."""

    verdict_given = Signal(object)
    """A `Verdict`."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[_VerdictRow] = []
        self._saved = WrappedText("notes_saved")
        self._explained = WrappedText("verdict_explained")
        self._explained.setText(EXPLAINED)
        self._grid = QGridLayout()
        self._grid.setColumnStretch(1, 1)
        self._grid.setHorizontalSpacing(8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addWidget(self._explained)
        layout.addLayout(self._grid)
        layout.addWidget(self._saved)
        layout.addStretch(1)

    def show_result(self, result: SlideResult | None) -> None:
        """Make one row for each stage; what is still being typed is dropped, so call `finish` first."""
        for row in self._rows:
            row.block_signals()  # a field that goes away ends its editing, and would report it for the next result
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        names = () if result is None else result.prediction.map_names
        self._rows = [self._add_row(index, name) for index, name in enumerate(names)]
        fields = [field for row in self._rows for field in row.fields]
        for before, after in pairwise((self._explained, *fields)):
            QWidget.setTabOrder(before, after)  # rows come and go, and new ones are last
        self.show_saved("")

    def show_annotations(self, annotations: Annotations) -> None:
        """Show the verdicts so far; a field in which something new is typed is left alone."""
        for row in self._rows:
            row.show_verdict(annotations.verdict_of(row.index), annotations.earlier_verdicts(row.index))

    def finish(self) -> None:
        """Report what is being typed: the user goes on to something else."""
        for row in self._rows:
            self._on_edited(row)

    def show_saved(self, text: str) -> None:
        """Show where the verdicts are saved, or why they are not."""
        self._saved.setText(text)
        self._saved.setVisible(bool(text))

    @property
    def saved_text(self) -> str:
        """Where the verdicts are saved, in words."""
        return self._saved.text()

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Lose nothing that is being typed when the dock or the window closes: no field is notified of that."""
        self.finish()
        super().hideEvent(event)

    def _add_row(self, index: int, name: str) -> "_VerdictRow":
        row = _VerdictRow(index, name, self._on_edited)
        stage, verdict, note = row.widgets
        for widget, line, column in ((stage, 0, 0), (verdict, 0, 1), (note, 1, 1)):
            self._grid.addWidget(widget, 2 * index + line, column)
        return row

    def _on_edited(self, row: "_VerdictRow") -> None:
        if row.edited:
            row.take()
            self.show_saved("Not saved yet.")
            self.verdict_given.emit(row.verdict)


class _VerdictRow:
    def __init__(self, index: int, name: str, edited: Callable[["_VerdictRow"], None]) -> None:
        self.index = index
        self._shown = ("", "")
        """The label and the note that were shown last: what differs from them was typed."""
        self._name = QLabel(shortened(name.removeprefix("Map of ")))
        self._name.setToolTip(literal_tip(name))
        self._picture = QLabel()
        self._picture.setPixmap(swatch(index).pixmap(28, 14))
        self._label = _LabelBox()
        self._label.setObjectName(f"verdict_{index}")
        self._label.setAccessibleName(f"Verdict on {name}")
        self._note = QLineEdit()
        self._note.setObjectName(f"note_{index}")
        self._note.setAccessibleName(f"Note on {name}")
        self._note.setPlaceholderText("Note")
        self._when = QLabel()
        self._when.hide()
        self._when.setTextFormat(Qt.TextFormat.PlainText)  # it may be anything: another program may have written it
        self._when.setObjectName(f"verdict_at_{index}")
        self._when.setStyleSheet(SMALL_GREY)  # napari's style sets its own, so font and palette have no effect
        self._label.activated.connect(lambda _: edited(self))
        for field in (self._label.lineEdit(), self._note):
            if field is not None:
                field.editingFinished.connect(lambda: edited(self))

    @property
    def widgets(self) -> tuple[QWidget, ...]:
        return _beside(self._picture, self._name), _beside(self._label, self._when), self._note

    @property
    def fields(self) -> tuple[QWidget, ...]:
        return self._label, self._note

    @property
    def verdict(self) -> Verdict:
        label, note = self._typed
        return Verdict(stage=self.index, label=label, note=note, at=now())

    @property
    def edited(self) -> bool:
        return self._typed != self._shown

    def take(self) -> None:
        """Count what is typed as shown: it is reported once."""
        self._shown = self._typed

    @property
    def _typed(self) -> tuple[str, str]:
        return self._label.currentText().strip(), self._note.text().strip()

    def block_signals(self) -> None:
        for field in (self._label, self._label.lineEdit(), self._note):
            if field is not None:
                field.blockSignals(True)

    def show_verdict(self, verdict: Verdict | None, earlier: Sequence[Verdict]) -> None:
        """Show a verdict, whoever gave it; what is typed and not yet reported stays."""
        label, note = ("", "") if verdict is None else (verdict.label.strip(), verdict.note.strip())
        self._shown = (
            _update(self._label.currentText(), self._shown[0], label, self._label.setCurrentText),
            _update(self._note.text(), self._shown[1], note, self._note.setText),
        )
        self._when.setText("" if verdict is None else _in_short(verdict.at))
        self._when.setVisible(verdict is not None)  # without it the label is as wide as the note
        said = [] if verdict is None else [verdict.at]
        said += [f"Before: {_words(old)} ({_in_short(old.at)})" for old in reversed(earlier[-LISTED:])]
        self._when.setToolTip(f"<p>{'<br>'.join(map(escape, said))}</p>" if said else "")


def _beside(*widgets: QWidget) -> QWidget:
    both = QWidget()
    line = QHBoxLayout(both)
    line.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        line.addWidget(widget)
    return both


class _LabelBox(QComboBox):
    """Suggests labels and takes what is typed literally: nothing is completed, the case of letters stays."""

    def __init__(self) -> None:
        super().__init__()
        self.setEditable(True)
        self.setCompleter(None)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.addItems(list(SUGGESTIONS))
        self.setMinimumContentsLength(6)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Leave the wheel to the column: scrolling past a verdict must not change it."""
        if event is not None:
            event.ignore()


def _update(typed: str, shown: str, new: str, show: Callable[[str], None]) -> str:
    """Show a new text in a field in which nothing else is typed; return what counts as shown from now on."""
    if typed.strip() == shown != new:
        show(new)
    return new


def _words(verdict: Verdict) -> str:
    return ", ".join(text for text in (verdict.label, verdict.note) if text)


def _in_short(at: str) -> str:
    try:
        return datetime.fromisoformat(at).strftime("%d %b, %H:%M")
    except ValueError:  # written by another program
        return at
