"""Reading ahead: threads fill batches with tiles, across the borders of slides, never more than some batches ahead."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.encoders.tile_task import TileTask
from msm_mil_core.slides.slide import Slide
from msm_mil_core.slides.tiling.read_plan import ReadPlan
from msm_mil_core.slides.tiling.tile_reader import read_tile

BATCHES_AHEAD = 2
"""Batches of tiles that are read, or being read, while others are on the device: what bounds the memory."""
TILES_A_JOB = 8
"""Tiles that a thread reads in one go: handing jobs to threads costs as much as copying a tile."""

Pixels = NDArray[np.uint8]


class Threads(Protocol):
    """What does jobs in threads: a ThreadPoolExecutor, or what stands in for it."""

    def submit(self, job: Callable[..., Any], /, *inputs: Any) -> Future[Any]:
        """Do a job later."""
        ...


class Tasks(Protocol):
    """Slides, one after another, that become ready while others are encoded."""

    def take(self, *, wait: bool) -> TileTask | None:
        """Return the next one; None if there is no more or, without `wait`, none that is ready."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class TileBatch:
    """Tiles that lie one after another in a task, and the jobs that read them; no tiles where nothing is left to do."""

    task: TileTask
    rows: slice
    """Which tiles of the task."""
    memory: Pixels
    """(batch, side, side, 3), of which the first are theirs."""
    jobs: tuple[Future[None], ...]

    def __len__(self) -> int:
        return int(self.rows.stop - self.rows.start)

    def is_read(self) -> bool:
        """Return whether no job is left."""
        return all(job.done() for job in self.jobs)

    def wait(self) -> Pixels:
        """Wait for the jobs, and return the pixels (n, side, side, 3); raises what reading raised."""
        for job in self.jobs:
            job.result()
        return self.memory[: len(self)]


class BatchReader:
    """Gives the batches of tasks in their order."""

    def __init__(self, tasks: Tasks, batch: int, threads: Threads, pixels: Callable[[int, int], Pixels]) -> None:
        """Read `batch` tiles at once into memory that `pixels(tiles, side_px)` makes."""
        self.batch = batch
        self._tasks, self._threads, self._pixels = tasks, threads, pixels
        self._ahead: deque[TileBatch] = deque()
        self._spare: list[Pixels] = []
        self._begun: Iterator[TileBatch] = iter(())

    def take(self, *, wait_for_slide: bool, wait_for_tiles: bool) -> TileBatch | None:
        """Return the next batch, which may still be read.

        None if there is none, or none without waiting for what is not to be waited for: then the device, which is at
        work, is waited for instead.
        """
        self._fill(wait=wait_for_slide)
        if not self._ahead or not (wait_for_tiles or self._ahead[0].is_read()):
            return None
        batch = self._ahead.popleft()
        self._fill(wait=False)
        return batch

    def release(self, batch: TileBatch) -> None:
        """Take back the memory of a batch that is encoded or given up."""
        for job in batch.jobs:
            if not job.cancel():
                job.exception()  # waits: it may still write there
        self._spare = [memory for memory in self._spare if memory.shape == batch.memory.shape]
        self._spare.append(batch.memory)

    def _fill(self, *, wait: bool) -> None:
        self._drop()
        while len(self._ahead) < BATCHES_AHEAD:
            batch = self._ask_for_next(wait=wait and not self._ahead)
            if batch is None:
                return
            self._ahead.append(batch)

    def _drop(self) -> None:
        for batch in [batch for batch in self._ahead if batch.task.dropped]:
            self._ahead.remove(batch)
            self.release(batch)

    def _ask_for_next(self, *, wait: bool) -> TileBatch | None:
        while (batch := next(self._begun, None)) is None:
            task = self._tasks.take(wait=wait)
            if task is None:
                return None
            self._begun = self._ask_for(task)
        return batch

    def _ask_for(self, task: TileTask) -> Iterator[TileBatch]:
        slide, tiles = task.slide, task.tiles
        plan = slide.plan_read(tiles.side_px0, tiles.side_px)
        for start in range(task.done, max(len(tiles), task.done + 1), self.batch):
            if task.dropped:
                return
            memory = self._memory(tiles.side_px)
            xy_px0 = tiles.xy_px0[start : start + self.batch].tolist()
            jobs = tuple(
                self._threads.submit(_read, slide, plan, xy_px0[at : at + TILES_A_JOB], memory[at:])
                for at in range(0, len(xy_px0), TILES_A_JOB)
            )
            yield TileBatch(task, slice(start, start + len(xy_px0)), memory, jobs)

    def _memory(self, side_px: int) -> Pixels:
        if self._spare and self._spare[-1].shape[1] == side_px:
            return self._spare.pop()
        return self._pixels(self.batch, side_px)


def _read(slide: Slide, plan: ReadPlan, xy_px0: Sequence[tuple[int, int]], pixels: Pixels) -> None:
    for n, (x, y) in enumerate(xy_px0):
        pixels[n] = read_tile(slide, plan, (x, y))
