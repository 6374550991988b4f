"""A process beside this one that runs slides: it can be stopped at any moment, whatever hangs in it."""

import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from msm_mil_core.cohort.job_queue import TakenJob
from msm_mil_core.cohort.processes.said import Asked, Begun, Died, Ended, FromChild, Order, Place, Rested, ToChild
from msm_mil_core.cohort.processes.serve import serve

START_S = 300.0
"""How long a process may take until everything is imported, on a busy machine and a network drive."""
JOIN_S = 5.0
"""How long a process may take to end once it has nothing to do."""


class Worker:
    """A process, and the slides that it has."""

    def __init__(self, place: Place, clock: Callable[[], float] = time.monotonic) -> None:
        self._place, self._clock = place, clock
        self._process: BaseProcess | None = None
        self._pipe: Connection[ToChild, FromChild] | None = None
        self.busy = False
        """Whether it works on an order."""
        self.taken: deque[TakenJob] = deque()
        """What it has begun, in the order in which it ends: the first is worked on, others are read ahead."""
        self._began, self._begun = 0.0, False

    @property
    def seconds(self) -> float:
        """How long it has been at its first slide; to start a process may take `START_S` more, which do not count."""
        return self._clock() - self._began - (0 if self._begun else START_S)

    def start(self, order: Order) -> None:
        """Let it begin; the process is started with its first order."""
        if self._process is None or not self._process.is_alive():
            self._spawn()
        self.busy, self._begun = True, False
        self._take(order.taken)
        self._send(order)

    def give(self, taken: TakenJob | None) -> None:
        """Answer what it asked."""
        if taken is not None:
            self._take(taken)
        self._send(taken)

    def hear(self) -> Iterator[Asked | Ended | Died]:
        """Give what it has said since; a process that died says so, and no more."""
        while self.busy and (said := self._receive()) is not None:
            if isinstance(said, Begun):
                self._began, self._begun = self._clock(), True
            elif isinstance(said, Rested):
                self.busy = False
            else:
                yield said

    def end(self, key: str) -> TakenJob | None:
        """Return a slide that has ended, which it has no longer; the time of the next one begins."""
        taken = next((taken for taken in self.taken if taken.job.key == key), None)
        if taken is not None:
            self.taken.remove(taken)
            self._began = self._clock()
        return taken

    def kill(self) -> list[TakenJob]:
        """Stop it at once, whatever it does, and return what it had: what it was writing is no file yet."""
        had = list(self.taken)
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self.connection().close()
        self._process, self._pipe, self.busy = None, None, False
        self.taken.clear()
        return had

    def close(self) -> None:
        """Let it end."""
        if self._process is not None:
            self._send(None)
            self._process.join(JOIN_S)
            self.kill()

    def connection(self) -> "Connection[ToChild, FromChild]":
        """Return the pipe through which it is heard."""
        if self._pipe is None:
            raise ValueError("this worker has no process")
        return self._pipe

    def _take(self, taken: TakenJob) -> None:
        if not self.taken:
            self._began = self._clock()
        self.taken.append(taken)

    def _send(self, said: ToChild) -> None:
        with suppress(OSError):  # it has died, and that is heard next
            self.connection().send(said)

    def _receive(self) -> FromChild | Died | None:
        pipe = self.connection()
        try:
            return pipe.recv() if pipe.poll() else None
        except (EOFError, OSError):
            return Died(self._how_it_died())

    def _spawn(self) -> None:
        self.kill()
        context = multiprocessing.get_context("spawn")  # a fork would share threads, locks and CUDA
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, self._place), daemon=True)
        process.start()
        theirs.close()  # or the end of the process would not be seen in the pipe
        self._process, self._pipe = process, ours

    def _how_it_died(self) -> str:
        if self._process is not None:
            self._process.join(JOIN_S)
        code = self._process.exitcode if self._process is not None else None
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return (
            f"The process that ran it ended unexpectedly ({how}). If memory was short, run fewer slides at once "
            "(--jobs) or smaller batches (--encode.batch)."
        )


def wait_for_any(workers: Sequence[Worker], seconds: float) -> None:
    """Wait until a worker has something to say, or so long."""
    wait([worker.connection() for worker in workers], seconds)
