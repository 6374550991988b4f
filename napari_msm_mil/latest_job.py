"""The latest request wins: a new job replaces the one before it, whose outcome is dropped."""

from qtpy.QtCore import QObject, Signal

from msm_mil_core.errors import MsmMilError
from msm_mil_core.progress import Progress
from napari_msm_mil.background import Background, Job


class LatestJob(QObject):
    """Runs the job that was requested last; an earlier one is asked to stop, and emits nothing any more."""

    progressed = Signal(object)
    """A `Progress` of the latest job."""
    succeeded = Signal(object)
    """What the generator of the latest job returned."""
    failed = Signal(object)
    """The `MsmMilError` with which the latest job ended."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = Background(self)
        self._current = False
        """Whether the job that runs is the latest one."""
        self._waiting: Job | None = None
        """The latest job, while an earlier one still has to stop."""
        self._background.progressed.connect(self._on_progressed)
        self._background.succeeded.connect(self._on_succeeded)
        self._background.failed.connect(self._on_failed)
        self._background.cancelled.connect(self._start)

    @property
    def busy(self) -> bool:
        """Whether the outcome of the latest job is still to come."""
        return self._current or self._waiting is not None

    def request(self, job: Job) -> None:
        """Run a job in place of the one before: at once, or when that has stopped."""
        self.cancel()
        self._waiting = job
        if not self._background.busy:
            self._start()

    def cancel(self) -> None:
        """Stop the latest job; none of its signals arrives after this."""
        self._current, self._waiting = False, None
        self._background.cancel()

    def _start(self) -> None:
        job, self._waiting = self._waiting, None
        if job is not None:
            self._current = True
            self._background.start(job)

    def _on_progressed(self, now: Progress) -> None:
        if self._current:
            self.progressed.emit(now)

    def _on_succeeded(self, value: object) -> None:
        if not self._current:
            self._start()
            return
        self._current = False
        self.succeeded.emit(value)

    def _on_failed(self, error: MsmMilError) -> None:
        if not self._current:
            self._start()
            return
        self._current = False
        self.failed.emit(error)
