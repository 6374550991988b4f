"""The run button, progress and messages."""

from pathlib import Path

from napari.utils.notifications import show_error
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from msm_mil_core.errors import MsmMilError
from msm_mil_core.progress import Progress
from napari_msm_mil.widgets.wrapped_label import WrappedText

RUN, CANCEL, CANCELLING = "Run", "Cancel", "Cancelling…"


class RunBar(QWidget):
    """One button, Run, then Cancel, then Cancelling…, then Run again; a bar while it runs; one message."""

    run_requested = Signal()
    cancel_requested = Signal()
    open_requested = Signal(object)
    """The path of the saved result."""

    def __init__(self) -> None:
        super().__init__()
        self._button = QPushButton(RUN)
        self._button.setObjectName("run")
        self._button.setMinimumHeight(32)
        self._button.clicked.connect(lambda _: self._on_clicked())
        self._bar = QProgressBar()
        self._bar.setObjectName("progress")
        self._bar.setAccessibleName("Progress of the run")
        self._bar.setTextVisible(False)
        self._job, self._progress_text = WrappedText("job", bold=True), WrappedText("pace")
        self._missing, self._message = WrappedText("missing"), WrappedText("message")
        self._of_error = False
        """Whether the message says what went wrong."""
        self._saved_path: Path | None = None
        self._open = QPushButton("Open the saved result")
        self._open.setObjectName("offer")
        self._open.clicked.connect(lambda _: self.open_requested.emit(self._saved_path))
        self._ready, self._folded = False, False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        texts = (self._job, self._bar, self._progress_text, self._message)
        for widget in (self._button, self._missing, *texts, self._open):
            layout.addWidget(widget)
        self.show_message("")
        self.show_idle()

    @property
    def state(self) -> str:
        """What the button says."""
        return self._button.text()

    @property
    def message(self) -> str:
        """The last message."""
        return self._message.text()

    def set_ready(self, ready: bool, why_not: str = "", *, said_above: bool = False) -> None:
        """Enable the button, or say why no run is possible, below it unless that stands above."""
        self._ready = ready
        self._button.setToolTip(why_not)
        self._missing.setText("" if said_above else why_not)
        if self.state == RUN:
            self._button.setEnabled(ready)
        self._show_button()

    def fold(self, folded: bool) -> None:
        """Show the button only while it cancels a run, or show it always."""
        self._folded = folded
        self._show_button()

    def show_running(self, title: str) -> None:
        """Show that a run has started: of which model, on which slide."""
        self._job.setText(f"Running {title}…")
        self._job.setVisible(True)
        self._button.setText(CANCEL)
        self._show_button()
        self._button.setEnabled(True)
        self._bar.setRange(0, 0)
        self._bar.setVisible(True)
        self._progress_text.setVisible(True)
        self.show_message("")

    def show_cancelling(self) -> None:
        """Show that the run is going to stop."""
        self._button.setText(CANCELLING)
        self._button.setEnabled(False)

    def show_idle(self) -> None:
        """Show that nothing is running."""
        self._button.setText(RUN)
        self._show_button()
        self._button.setEnabled(self._ready)
        self._bar.setVisible(False)
        for text in (self._job, self._progress_text):
            text.setVisible(False)
            text.setText("")

    def show_progress(self, now: Progress, text: str) -> None:
        """Show how far the run is, as a bar and as text."""
        self._bar.setRange(0, now.total if now.total > 1 else 0)
        self._bar.setValue(now.done)
        self._bar.setAccessibleDescription(text)
        self._progress_text.setText(text)

    def show_message(self, text: str) -> None:
        """Show one message; an empty one hides the last."""
        self._of_error = False
        self._message.setText(text)
        self._message.setVisible(bool(text))
        self._open.setVisible(False)

    def show_error(self, error: MsmMilError) -> None:
        """Show an error as the message, and as a notification of napari."""
        self.show_message(str(error))
        self._of_error = True
        show_error(str(error))

    def forget_error(self) -> None:
        """Say no more what went wrong, once something else is chosen."""
        if self._of_error:
            self.show_message("")

    def show_open_button(self, path: Path) -> None:
        """Show a button below the message that opens a saved result."""
        self._saved_path = path
        self._open.setVisible(True)

    def _show_button(self) -> None:
        self._button.setVisible(self.state != RUN or not self._folded)
        self._missing.setVisible(self.state == RUN and not self._folded and bool(self._missing.text()))

    def _on_clicked(self) -> None:
        (self.run_requested if self.state == RUN else self.cancel_requested).emit()
