"""Slides made ready ahead: the next one is opened and its tissue found while others are encoded."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

from msm_mil_core.encoders.batch_reader import Threads
from msm_mil_core.encoders.tile_task import TileTask

Job = TypeVar("Job")


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared(Generic[Job]):
    """A job and its task, or why there is none."""

    job: Job
    task: TileTask | None
    error: Exception | None = None


class SlideQueue(Generic[Job]):
    """Gives each slide to whichever device asks first; `Tasks`, for any number of threads."""

    def __init__(
        self,
        jobs: Iterable[Job],
        prepare: Callable[[Job], TileTask],
        threads: Threads,
        ahead: int = 1,
        failed: Callable[[Job, Exception], None] = lambda _job, _error: None,
    ) -> None:
        """Prepare `ahead` jobs in `threads` while others are encoded.

        `jobs` is asked there as well, by one thread at a time: to find the next one may take as long as it does.
        `failed` is told of a job that cannot be prepared by the thread that would have encoded it.
        """
        self._jobs, self._prepare, self._threads, self._ahead = iter(jobs), prepare, threads, ahead
        self._failed = failed
        self._prepared: deque[Future[_Prepared[Job] | None]] = deque()
        self._taken: dict[TileTask, Job] = {}
        self._no_more = False
        self._lock, self._asking = Lock(), Lock()

    def take(self, *, wait: bool) -> TileTask | None:
        """Return the next slide; None if there is no more or, without `wait`, none that is ready."""
        while (future := self._next(wait=wait)) is not None:
            found = future.result()
            if found is None:
                continue
            if found.task is not None:
                with self._lock:
                    self._taken[found.task] = found.job
                return found.task
            if found.error is not None:
                self._failed(found.job, found.error)
        return None

    def job_of(self, task: TileTask) -> Job:
        """Return the job of a task that was taken."""
        return self._taken[task]

    def end(self, task: TileTask) -> Job:
        """Close the slide of a task, forget it and return its job."""
        task.slide.close()
        with self._lock:
            return self._taken.pop(task)

    def close(self) -> list[TileTask]:
        """Close all slides, and return the tasks that have not ended."""
        with self._lock:
            ready = [future.result() for future in self._prepared if not future.cancel() and not future.exception()]
            tasks = [*self._taken, *(found.task for found in ready if found is not None and found.task is not None)]
            self._prepared.clear()
        for task in tasks:
            task.slide.close()
        return tasks

    def _next(self, *, wait: bool) -> "Future[_Prepared[Job] | None] | None":
        with self._lock:
            self._fill()
            if not self._prepared or not (wait or self._prepared[0].done()):
                return None
            first = self._prepared.popleft()
            self._fill()
            return first

    def _fill(self) -> None:
        while len(self._prepared) < self._ahead and not self._no_more:
            self._prepared.append(self._threads.submit(self._prepare_next))

    def _prepare_next(self) -> _Prepared[Job] | None:
        """Ask for the next job and prepare it; None if there is no more."""
        with self._asking:
            try:
                job = next(self._jobs)
            except StopIteration:
                self._no_more = True
                return None
        try:
            return _Prepared(job, self._prepare(job))
        except Exception as exc:  # noqa: BLE001  handed on: the border between one slide and the others
            return _Prepared(job, None, exc)
