"""The run button, and what is to be told of a run."""

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from msm_mil_core.progress import Progress
from napari_msm_mil.widgets.wrapped_label import WrappedText

RUN, CANCEL, CANCELLING = "Run", "Cancel", "Cancelling…"


class RunBar(QWidget):
    """One button, Run, then Cancel, then Cancelling…, then Run again; a bar while it runs; one message."""

    run_requested = Signal()
    cancel_requested = Signal()
    offer_requested = Signal(object)
    """The path that was offered."""

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
        self._pace = WrappedText("pace")
        self._message = WrappedText("message")
        self._offered: Path | None = None
        self._offer = QPushButton("Open the kept result")
        self._offer.setObjectName("offer")
        self._offer.clicked.connect(lambda _: self.offer_requested.emit(self._offered))
        self._ready = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self._button, self._bar, self._pace, self._message, self._offer):
            layout.addWidget(widget)
        self.show_message("")
        self.idle()

    @property
    def state(self) -> str:
        """What the button says."""
        return self._button.text()

    @property
    def message(self) -> str:
        """What was last told."""
        return self._message.text()

    def set_ready(self, ready: bool, why_not: str = "") -> None:
        """Allow a run, or say why there can be none."""
        self._ready = ready
        self._button.setToolTip(why_not)
        if self.state == RUN:
            self._button.setEnabled(ready)

    def running(self) -> None:
        """Show that a run has begun."""
        self._button.setText(CANCEL)
        self._button.setEnabled(True)
        self._bar.setRange(0, 0)
        self._bar.setVisible(True)
        self._pace.setVisible(True)
        self.show_message("")

    def cancelling(self) -> None:
        """Show that the run was asked to stop and has not stopped yet."""
        self._button.setText(CANCELLING)
        self._button.setEnabled(False)

    def idle(self) -> None:
        """Show that no run is under way."""
        self._button.setText(RUN)
        self._button.setEnabled(self._ready)
        self._bar.setVisible(False)
        self._pace.setVisible(False)
        self._pace.setText("")

    def progress(self, now: Progress, words: str) -> None:
        """Show how far the run is."""
        self._bar.setRange(0, now.total if now.total > 1 else 0)
        self._bar.setValue(now.done)
        self._bar.setAccessibleDescription(words)
        self._pace.setText(words)

    def show_message(self, text: str) -> None:
        """Show one message; an empty one takes the last away."""
        self._message.setText(text)
        self._message.setVisible(bool(text))
        self._offer.setVisible(False)

    def offer(self, path: Path) -> None:
        """Put a button below the message that opens a kept result."""
        self._offered = path
        self._offer.setVisible(True)

    def _on_clicked(self) -> None:
        (self.run_requested if self.state == RUN else self.cancel_requested).emit()
