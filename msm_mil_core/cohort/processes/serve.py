"""What a process does that runs slides: the same as one that works alone, but that it asks another one for them."""

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection, wait
from threading import Lock, Thread
from typing import TypeAlias

from msm_mil_core.cohort.job_end import JobEnd
from msm_mil_core.cohort.job_queue import TakenJob
from msm_mil_core.cohort.processes.said import Asked, Begun, Ended, FromChild, Order, Place, Rested, ToChild
from msm_mil_core.cohort.work_line import work_line

Pipe: TypeAlias = "Connection[FromChild, ToChild]"


def serve(pipe: Pipe, place: Place) -> None:
    """Run slides until there are no more; this process ends with the one that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process receives it, and ends this one
    Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    _set_threads(place.threads)
    work_orders(pipe, place)


def work_orders(pipe: Pipe, place: Place) -> None:
    """Work along a line for each order, and say what comes of it; return when there are no more."""
    try:
        while isinstance(order := pipe.recv(), Order):
            line = _AskedLine(pipe, order)
            line.say(Begun())
            for event in work_line(line, place.ahead):
                if isinstance(event, JobEnd):
                    line.say(Ended(event.job.key, event.answer, event.why, event.seconds))
            line.say(Rested())
    except (EOFError, OSError):
        return  # the other process has ended


class _AskedLine:
    """The job of an order, and those that are asked for."""

    def __init__(self, pipe: Pipe, order: Order) -> None:
        self._pipe, self._saying = pipe, Lock()
        self._first: TakenJob | None = order.taken
        self._open = not order.alone

    def next(self) -> TakenJob | None:
        """Ask for the next job, while others are worked on."""
        first, self._first = self._first, None
        if first is not None:
            return first
        found = self._ask() if self._open else None
        self._open = found is not None
        return found

    def end(self, taken: TakenJob, end: JobEnd) -> JobEnd:  # noqa: ARG002  the claim is not held here
        """Leave it to the process that holds the claim."""
        return end

    def say(self, said: FromChild) -> None:
        """Say something, from any thread."""
        with self._saying:
            self._pipe.send(said)

    def _ask(self) -> TakenJob | None:
        self.say(Asked())
        found = self._pipe.recv()
        return found if isinstance(found, TakenJob) else None


def _set_threads(threads: int) -> None:
    import torch

    torch.set_num_threads(min(threads, torch.get_num_threads()))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
