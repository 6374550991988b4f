"""Several processes on this machine, a slide each: what hangs is stopped, what dies is tried once more."""

import os
from collections import Counter
from collections.abc import Generator, Iterator

from msm_mil_core.cohort.heartbeat import Heartbeat
from msm_mil_core.cohort.job_end import JobEnd
from msm_mil_core.cohort.job_queue import JobQueue, TakenJob
from msm_mil_core.cohort.run_choices import RunChoices
from msm_mil_core.cohort.runs_table import record_end
from msm_mil_core.cohort.slide_job import SlideJob
from msm_mil_core.cohort.worker import Place, Said, Worker, wait_for_any
from msm_mil_core.progress import Progress

RUNNING = "Running slides"
"""The step of progress while several are run; what each is at is not said."""
POLL_S = 0.5
"""How long to wait for news before time-outs are looked at."""
ATTEMPTS = 2
"""How often a slide is tried whose process dies: the first time may be another program's fault."""


def work_in_children(
    queue: JobQueue, heart: Heartbeat, choices: RunChoices
) -> Generator[Progress | JobEnd, None, bool]:
    """Run what is open; return whether it stopped at a failure, after the slides that had been begun.

    Dropped, it stops them at once.
    """
    crew = _Crew(queue, heart, choices)
    stopping = False
    try:
        while True:
            ends = () if stopping else crew.hand_out()
            for end in ends:
                yield end
                stopping = stopping or (end.state == "failed" and not choices.keep_going)
            if not crew.is_busy():
                return stopping
            yield Progress(RUNNING, 0, 0)
            for end in crew.listen():
                yield end
                stopping = stopping or (end.state == "failed" and not choices.keep_going)
    finally:
        crew.close()


class _Crew:
    def __init__(self, queue: JobQueue, heart: Heartbeat, choices: RunChoices) -> None:
        self._queue, self._heart, self._timeout = queue, heart, choices.timeout
        self._jobs, self._workers = choices.jobs, list[Worker]()
        self._attempts: Counter[str] = Counter()

    def is_busy(self) -> bool:
        return any(worker.taken for worker in self._workers)

    def hand_out(self) -> Iterator[JobEnd]:
        """Give work to whoever has none; what needs no work ends at once."""
        for number in range(self._jobs):
            if number < len(self._workers) and self._workers[number].taken:
                continue
            while (found := self._queue.next()) is not None:
                if isinstance(found, TakenJob):
                    self._heart.add(found.claim)
                    self._start(number, found)
                    break
                yield found

    def listen(self) -> Iterator[JobEnd]:
        """Wait for news, and give the ends of slides."""
        busy = [worker for worker in self._workers if worker.taken]
        wait_for_any(busy, POLL_S)
        for worker in busy:
            taken, seconds = worker.taken, max(0.0, worker.seconds)
            said = worker.take_answer() or self._overdue(worker)
            if said is None or taken is None:
                continue
            if said.died and self._attempts[taken.job.key] < ATTEMPTS:
                self._start(self._workers.index(worker), taken)
                continue
            yield self._end(taken, said, seconds)

    def close(self) -> None:
        """End the processes, at once those that are at work."""
        for worker in self._workers:
            worker.kill() if worker.taken else worker.close()

    def _start(self, number: int, taken: TakenJob) -> None:
        if number == len(self._workers):
            self._workers.append(Worker(_place(taken.job, number, self._jobs)))
        self._attempts[taken.job.key] += 1
        self._workers[number].start(taken)

    def _overdue(self, worker: Worker) -> Said | None:
        if self._timeout is None or worker.seconds < self._timeout:
            return None
        worker.kill()
        return Said(None, f"It took longer than {self._timeout:g} s (--timeout), and was stopped.")

    def _end(self, taken: TakenJob, said: Said, seconds: float) -> JobEnd:
        state = "failed" if said.answer is None else "finished"
        end = JobEnd(taken.job, state, said.why, seconds, said.answer)  # type: ignore[arg-type]  # one of both
        end = record_end(end, taken.claim)
        self._heart.release(taken.claim)
        return end


def _place(job: SlideJob, number: int, jobs: int) -> Place:
    """Return where a worker computes: with several devices named, on one of them; with its share of the cores."""
    devices = job.settings.analysis.encode.device.split(",")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Place(devices[number % len(devices)] if len(devices) > 1 else None, max(1, cores // jobs))
