"""Long work in a thread: a plain generator goes in, Qt signals come out."""

import logging
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from threading import Lock

from napari.qt.threading import GeneratorWorkerSignals, WorkerBase, create_worker
from qtpy.QtCore import QObject, Signal

from msm_mil_core.errors import DeviceError, MsmMilError
from msm_mil_core.progress import Progress

_LOADING = Lock()
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Work for a thread; napari shows its title when the user closes the window while it runs."""

    title: str
    work: Callable[[], Generator[Progress, None, object]]

    def __str__(self) -> str:
        return self.title


class Background(QObject):
    """Does one job at a time in a thread; each job ends in exactly one of succeeded, failed and cancelled."""

    progressed = Signal(object)
    """A `Progress`."""
    succeeded = Signal(object)
    """What the job's generator returned."""
    failed = Signal(object)
    """An `MsmMilError`."""
    cancelled = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker: _PlainWorker | None = None
        self._report: Callable[[], None] = self.cancelled.emit

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return self._worker is not None

    def start(self, job: Job) -> None:
        """Start a job; its signals arrive in the thread of this object."""
        if self.busy:
            raise ValueError(f"Cannot start {job}: another job still runs.")
        self._report = self.cancelled.emit
        self._worker = create_worker(
            job,
            _worker_class=_PlainWorker,
            _connect={
                "yielded": self.progressed,
                "returned": self._on_returned,
                "errored": self._on_errored,
                "finished": self._on_finished,
            },
        )

    def cancel(self) -> None:
        """Ask the job to stop before its next step; `cancelled` is emitted when it has stopped."""
        if self._worker is not None:
            self._worker.quit()

    def _on_returned(self, value: object) -> None:
        self._report = partial(self.succeeded.emit, value)

    def _on_errored(self, error: MsmMilError) -> None:
        self._report = partial(self.failed.emit, error)

    def _on_finished(self) -> None:
        """Report only now: the worker emits nothing after this, so the next job may start at once."""
        self._worker = None
        self._report()


class _PlainWorker(WorkerBase):
    """Drives the generator itself: superqt's own worker drops a `RuntimeError`, which is what torch raises, unheard."""

    def __init__(self, job: Job) -> None:
        super().__init__(SignalsClass=GeneratorWorkerSignals)
        self._job = job

    def work(self) -> object:
        """Go from step to step until the end or until asked to stop; every error leaves as one of ours."""
        _load_scipy()
        try:
            with closing(self._job.work()) as steps:
                return self._drive(steps)
        except MsmMilError:
            raise
        except Exception as exc:  # the border between foreign code and the window
            _log.exception("%s failed", self._job)
            raise _in_plain_words(exc) from exc

    def _drive(self, steps: Generator[Progress, None, object]) -> object:
        while not self.abort_requested:
            try:
                self.yielded.emit(next(steps))
            except StopIteration as end:
                return end.value
        self.aborted.emit()
        return None


def _load_scipy() -> None:
    """Import what of scipy imports each other: of two jobs that began at once, one met it half-made."""
    with _LOADING:
        import scipy.spatial.distance  # noqa: F401


def _in_plain_words(exc: Exception) -> MsmMilError:
    cause = (str(exc).strip() or type(exc).__name__).splitlines()[0]
    if isinstance(exc, RuntimeError | MemoryError):
        return DeviceError(
            f"The computation failed: {cause}. "
            "Choose the CPU under Device or a smaller batch under Advanced, then run again."
        )
    return MsmMilError(
        f"An unexpected error occurred ({type(exc).__name__}: {cause}). Nothing was changed; see the log for details."
    )
