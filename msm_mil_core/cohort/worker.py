"""A process beside this one that runs slides: it can be stopped at any moment, whatever hangs in it."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from threading import Thread

from msm_mil_core.cohort.job_queue import TakenJob
from msm_mil_core.cohort.slide_answer import SlideAnswer
from msm_mil_core.cohort.slide_job import run_slide
from msm_mil_core.errors import MsmMilError
from msm_mil_core.unforeseen import describe_unforeseen

START_S = 300.0
"""How long a process may take until everything is imported, on a busy machine and a network drive."""
JOIN_S = 5.0
"""How long a process may take to end once it has nothing to do."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a worker says of its slide at the end."""

    answer: SlideAnswer | None
    why: str = ""
    """Why there is no answer."""
    died: bool = False
    """Whether it is its end that says so."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What a worker says when everything is imported, and it begins with its slide."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker computes."""

    device: str | None = None
    """None leaves it to the job."""
    threads: int | None = None
    """Of the CPU; None leaves it to torch."""


class Worker:
    """A process, and what it works on."""

    def __init__(self, place: Place, clock: Callable[[], float] = time.monotonic) -> None:
        self._place, self._clock = place, clock
        self._process: BaseProcess | None = None
        self._pipe: Connection[TakenJob | None, Begun | Said] | None = None
        self.taken: TakenJob | None = None
        self._began, self._begun = 0.0, False

    @property
    def seconds(self) -> float:
        """How long it has been at its slide; to start a process may take `START_S` more, which do not count."""
        return self._clock() - self._began - (0 if self._begun else START_S)

    def start(self, taken: TakenJob) -> None:
        """Let it run a slide; the process is started with its first one."""
        if self._process is None or not self._process.is_alive():
            self._spawn()
        self.taken, self._began, self._begun = taken, self._clock(), False
        self.connection().send(taken)

    def take_answer(self) -> Said | None:
        """Return what it says of its slide; None as long as it works on it. A process that died says so."""
        pipe = self.connection()
        try:
            said = pipe.recv() if pipe.poll() else None
        except (EOFError, OSError):
            said = Said(None, self._how_it_died(), died=True)
            self.kill()
        if isinstance(said, Begun):
            self._began, self._begun = self._clock(), True
            return None
        if said is not None:
            self.taken = None
        return said

    def kill(self) -> None:
        """Stop it at once, whatever it does: what it was writing is no file yet."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self.connection().close()
        self._process, self._pipe, self.taken = None, None, None

    def close(self) -> None:
        """Let it end."""
        if self._process is None:
            return
        try:
            self.connection().send(None)
            self._process.join(JOIN_S)
        except OSError:
            pass  # it has died
        self.kill()

    def connection(self) -> "Connection[TakenJob | None, Begun | Said]":
        """Return the pipe through which it is heard."""
        if self._pipe is None:
            raise ValueError("this worker has no process")
        return self._pipe

    def _spawn(self) -> None:
        self.kill()
        context = multiprocessing.get_context("spawn")  # a fork would share threads, locks and CUDA
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._place), daemon=True)
        self._process.start()
        theirs.close()  # or the end of the process would not be seen in the pipe

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


def _serve(pipe: "Connection[Begun | Said, TakenJob | None]", place: Place) -> None:
    """Run slides until there are no more; this process ends with the one that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process receives it, and ends this one
    Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    _set_threads(place.threads)
    while True:
        try:
            taken = pipe.recv()
        except (EOFError, OSError):
            return
        if taken is None:
            return
        pipe.send(Begun())
        pipe.send(_run(TakenJob(taken.job.placed(place.device), taken.claim)))


def _run(taken: TakenJob) -> Said:
    work = run_slide(taken.job, taken.claim)
    try:
        while True:
            next(work)
    except StopIteration as end:
        return Said(end.value)
    except MsmMilError as exc:
        return Said(None, str(exc))
    except Exception as exc:  # noqa: BLE001 - the border between one slide and the others
        return Said(None, describe_unforeseen(exc))


def _set_threads(threads: int | None) -> None:
    import torch

    if threads is not None:
        torch.set_num_threads(min(threads, torch.get_num_threads()))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
