"""Slides made ready ahead: the next one is opened and its tissue found while others are encoded."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

from msm_mil_core.encoders.batch_reader import Threads
from msm_mil_core.encoders.tile_task import TileTask

Job = TypeVar("Job")


class SlideQueue(Generic[Job]):
    """Gives each slide to whichever device asks first; `Tasks`, for any number of threads."""

    def __init__(
        self, jobs: Iterable[Job], prepare: Callable[[Job], TileTask], threads: Threads, ahead: int = 1
    ) -> None:
        """Prepare `ahead` jobs in `threads` while others are encoded; `jobs` is asked by one thread at a time."""
        self._jobs, self._prepare, self._threads, self._ahead = iter(jobs), prepare, threads, ahead
        self._prepared: deque[tuple[Job, Future[TileTask]]] = deque()
        self._taken: dict[TileTask, Job] = {}
        self._failed: list[tuple[Job, Exception]] = []
        self._lock = Lock()

    def take(self, *, wait: bool) -> TileTask | None:
        """Return the next slide; None if there is no more or, without `wait`, none that is ready."""
        while (found := self._next(wait=wait)) is not None:
            job, future = found
            try:
                task = future.result()
            except Exception as exc:  # noqa: BLE001  handed on: the border between one slide and the others
                with self._lock:
                    self._failed.append((job, exc))
                continue
            with self._lock:
                self._taken[task] = job
            return task
        return None

    def job_of(self, task: TileTask) -> Job:
        """Return the job of a task that was taken."""
        return self._taken[task]

    def end(self, task: TileTask) -> Job:
        """Close the slide of a task, forget it and return its job."""
        task.slide.close()
        with self._lock:
            return self._taken.pop(task)

    def failures(self) -> list[tuple[Job, Exception]]:
        """Return the jobs that could not be prepared since the last call, and why."""
        with self._lock:
            failed, self._failed = self._failed, []
            return failed

    def close(self) -> list[TileTask]:
        """Close all slides, and return the tasks that have not ended."""
        with self._lock:
            ready = [future for _, future in self._prepared if not future.cancel() and not future.exception()]
            tasks = [*self._taken, *(future.result() for future in ready)]
            self._prepared.clear()
        for task in tasks:
            task.slide.close()
        return tasks

    def _next(self, *, wait: bool) -> tuple[Job, Future[TileTask]] | None:
        with self._lock:
            self._fill()
            if not self._prepared or not (wait or self._prepared[0][1].done()):
                return None
            first = self._prepared.popleft()
            self._fill()
            return first

    def _fill(self) -> None:
        while len(self._prepared) < self._ahead:
            try:
                job = next(self._jobs)
            except StopIteration:
                return
            self._prepared.append((job, self._threads.submit(self._prepare, job)))
