"""Several processes on this machine: what hangs is stopped, what dies is tried once more, by itself."""

import os
from collections import Counter, deque
from collections.abc import Generator, Iterator

from msm_mil_core.cohort.ahead.devices_ahead import DevicesAhead
from msm_mil_core.cohort.job_end import RUNNING, End, JobEnd
from msm_mil_core.cohort.job_line import OwnLine
from msm_mil_core.cohort.job_queue import TakenJob
from msm_mil_core.cohort.processes.said import Asked, Died, Ended, Order, Place
from msm_mil_core.cohort.processes.worker import Worker, wait_for_any
from msm_mil_core.cohort.run_choices import RunChoices
from msm_mil_core.progress import Progress

POLL_S = 0.5
"""How long to wait for news before time-outs are looked at."""
ATTEMPTS = 2
"""How often a slide is tried whose process dies: the first time may be another program's or slide's fault."""


def work_in_children(
    line: OwnLine, choices: RunChoices, ahead: DevicesAhead
) -> Generator[Progress | JobEnd, None, bool]:
    """Run what is open; return whether it stopped at a failure, after the slides that had been begun.

    Each process asks for its next slide as one that works alone does: where that gains, while one is encoded.
    Dropped, it stops them at once.
    """
    crew = _Crew(line, choices, ahead)
    try:
        while True:
            yield from crew.hand_out()
            if not crew.is_busy():
                return crew.stopped
            yield Progress(RUNNING, 0, 0)
            yield from crew.listen()
    finally:
        crew.close()


class _Crew:
    def __init__(self, line: OwnLine, choices: RunChoices, ahead: DevicesAhead) -> None:
        self._line, self._choices = line, choices
        self._workers = [Worker(_place(ahead, number, choices.jobs)) for number in range(choices.jobs)]
        self._again: deque[TakenJob] = deque()
        """What a process had that was stopped for the sake of another slide."""
        self._suspects: deque[TakenJob] = deque()
        """What a process had that died: by itself, each shows whether it was the reason."""
        self._attempts: Counter[str] = Counter()
        self.stopped = False
        """Whether one has failed after which no further one is begun."""

    def is_busy(self) -> bool:
        return any(worker.busy for worker in self._workers)

    def hand_out(self) -> Iterator[JobEnd]:
        """Give work to whoever has none; what needs no work ends at once."""
        for worker in self._workers:
            if not worker.busy and (order := (yield from self._order())) is not None:
                worker.start(order)

    def listen(self) -> Iterator[JobEnd]:
        """Wait for news, answer what is asked, and give the ends of slides."""
        busy = [worker for worker in self._workers if worker.busy]
        wait_for_any(busy, POLL_S)
        for worker in busy:
            for said in worker.hear():
                if isinstance(said, Asked):
                    worker.give((yield from self._next()))
                elif isinstance(said, Ended):
                    yield from self._ended(worker, said)
                else:
                    yield from self._died(worker, said)
            yield from self._check_time(worker)

    def close(self) -> None:
        """End the processes, at once those that are at work."""
        for worker in self._workers:
            worker.kill() if worker.busy else worker.close()

    def _order(self) -> Generator[JobEnd, None, Order | None]:
        while self._suspects and not self.stopped:
            taken = self._suspects.popleft()
            if (end := self._done_meanwhile(taken)) is None:
                return Order(taken, alone=True)
            yield end
        found = yield from self._next()
        return None if found is None else Order(found)

    def _next(self) -> Generator[JobEnd, None, TakenJob | None]:
        while self._again and not self.stopped:
            taken = self._again.popleft()
            if (end := self._done_meanwhile(taken)) is None:
                return taken
            yield end
        while not self.stopped and (found := self._line.next()) is not None:
            if isinstance(found, TakenJob):
                return found
            yield self._noted(found)
        return None

    def _ended(self, worker: Worker, said: Ended) -> Iterator[JobEnd]:
        taken = worker.end(said.key)
        if taken is not None:
            state: End = "failed" if said.answer is None else "finished"
            yield self._end(taken, JobEnd(taken.job, state, said.why, said.seconds, said.answer))

    def _died(self, worker: Worker, said: Died) -> Iterator[JobEnd]:
        for taken in worker.kill():
            self._attempts[taken.job.key] += 1
            if self._attempts[taken.job.key] < ATTEMPTS:
                self._suspects.append(taken)
            else:
                yield self._end(taken, JobEnd(taken.job, "failed", said.why))

    def _check_time(self, worker: Worker) -> Iterator[JobEnd]:
        timeout, seconds = self._choices.timeout, worker.seconds
        if timeout is None or not worker.taken or seconds < timeout:
            return
        overdue, *others = worker.kill()
        self._again.extend(others)
        why = f"It took longer than {timeout:g} s (--timeout), and was stopped."
        yield self._end(overdue, JobEnd(overdue.job, "failed", why, seconds))

    def _done_meanwhile(self, taken: TakenJob) -> JobEnd | None:
        """Return how a job has ended whose process was stopped between the result and word of it."""
        end = self._line.queue.finished(taken)
        return None if end is None else self._end(taken, end)

    def _end(self, taken: TakenJob, end: JobEnd) -> JobEnd:
        return self._noted(self._line.end(taken, end))

    def _noted(self, end: JobEnd) -> JobEnd:
        self.stopped = self.stopped or (end.state == "failed" and not self._choices.keep_going)
        return end


def _place(ahead: DevicesAhead, number: int, jobs: int) -> Place:
    """Return where a process computes: on one of several devices, with its share of the cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Place(ahead.of_process(number), max(1, cores // jobs))
