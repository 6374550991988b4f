"""Many slides: two processes beside one, each on a core of its own, and what book-keeping costs a slide."""

import hashlib
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from unittest.mock import patch

from examples.benchmarks.speed.comparison import PAIRS, Comparison, Spread, compare
from msm_mil_core.cohort.claims import Claim
from msm_mil_core.cohort.job_end import JobEnd
from msm_mil_core.cohort.run_choices import RunChoices
from msm_mil_core.cohort.run_jobs import run_jobs
from msm_mil_core.cohort.slide_answer import SlideAnswer
from msm_mil_core.cohort.slide_job import SlideJob
from msm_mil_core.progress import Progress
from tests.cohorts import a_small_model, cut_slides, jobs_for, small_settings

TWO_TO_ONE = 1 / 1.7
MOST_MS = 5.0
SLIDES = {True: 16, False: 60}
"""Of the comparison of processes, in the short form and in the long one."""
SIMULATED = {True: 500, False: 10_000}


def measure(short: bool) -> Iterator[Comparison]:
    """Measure both; the row of two processes is left out where there is only one core."""
    with tempfile.TemporaryDirectory() as name:
        yield from _bookkeeping(Path(name), SIMULATED[short])
        if len(os.sched_getaffinity(0)) > 1:
            yield _two_processes(Path(name), SLIDES[short])


def _bookkeeping(folder: Path, count: int) -> Iterator[Comparison]:
    jobs = _simulated_jobs(folder / "simulated", count)
    rounds = iter(range(10**6))

    def ours() -> None:
        _run_simulated(_in(jobs, folder / f"round{next(rounds)}"))

    def plain() -> None:
        _write_plainly(jobs, folder / f"round{next(rounds)}")

    yield compare(
        f"book-keeping of {count} slides",
        ("claim, record, table, index of what is done", ours),
        ("hash and write an empty file each", plain),
        pairs=3 if count > 1000 else PAIRS,
        note="Shown beside the least that a program can do for a slide; the bar is on the milliseconds below.",
    )
    yield _milliseconds(f"CPU ms a slide of book-keeping, {count} slides", jobs, folder / "once")
    yield _milliseconds(f"CPU ms a slide to find {count} slides done", jobs, folder / "once")


def _milliseconds(name: str, jobs: Sequence[SlideJob], out: Path) -> Comparison:
    began = time.process_time()
    _run_simulated(_in(jobs, out))
    found = 1000 * (time.process_time() - began) / len(jobs)
    why = "The simulated results are empty files, whose writing counts here as well."
    return Comparison(name, "msm-mil run", "1 ms", None, None, MOST_MS, "count", round(found, 3), why)


def _simulated_jobs(folder: Path, count: int) -> list[SlideJob]:
    folder.mkdir()
    model = a_small_model(folder / "model.safetensors")
    slides = [folder / f"slide{number:05}.tiff" for number in range(count)]
    for slide in slides:
        slide.touch()
    settings = small_settings(model, listed=True).replace(encoder_sha256="0" * 64)
    return jobs_for(slides, settings, folder)


def _in(jobs: Sequence[SlideJob], out: Path) -> list[SlideJob]:
    return [job.replace(target=out / job.target.name) for job in jobs]


def _run_simulated(jobs: Sequence[SlideJob]) -> None:
    with patch("msm_mil_core.cohort.run_jobs.run_slide", _simulate):
        ends = [event for event in run_jobs(jobs, RunChoices()) if isinstance(event, JobEnd)]
    if {end.state for end in ends} - {"finished", "skipped"}:
        raise RuntimeError(f"a simulated slide failed: {ends[0].why}")


def _simulate(job: SlideJob, claim: Claim | None = None) -> Generator[Progress, None, SlideAnswer]:
    """Do as `run_slide` does, without a slide."""
    yield Progress("Finding tissue", 0, 1)
    if claim is not None and claim.is_held():
        job.target.touch()
    return SlideAnswer(
        slide=job.entry.slide.name,
        quick_hash="0" * 64,
        mpp=0.5,
        model="simulated",
        answer="class 0",
        prediction="class 0",
        probabilities={"class 0": 0.75, "class 1": 0.25},
        betas=(0.5, 0.3, 0.2),
        tiles=1000,
        encoder_sha256="0" * 64,
        precision="float32",
    )


def _write_plainly(jobs: Sequence[SlideJob], out: Path) -> None:
    out.mkdir()
    for job in jobs:
        name = hashlib.sha256(job.model_dump_json().encode()).hexdigest()
        (out / name).touch()


def _two_processes(folder: Path, count: int) -> Comparison:
    model = a_small_model(folder / "model.safetensors")
    jobs = jobs_for(cut_slides(folder / "slides", count), small_settings(model), folder)
    with _runners() as runners:
        for runner in runners:
            _wall([runner], _in(jobs[:1], folder / f"warm{id(runner)}"))
        ratios = [
            _wall(runners, _in(jobs, folder / f"two{pair}")) / _wall(runners[:1], _in(jobs, folder / f"one{pair}"))
            for pair in range(PAIRS)
        ]
    spread = Spread(*(round(value, 3) for value in (statistics.median(ratios), min(ratios), max(ratios))))
    return Comparison(
        f"two processes on {count} slides",
        "two processes that share a folder",
        "one process",
        None,
        spread,
        TWO_TO_ONE,
        "wall",
        note="Each process on a core of its own, with one thread; both have run a slide before.",
    )


Runner = Connection  # of a process that runs what it is sent


@contextmanager
def _runners() -> Iterator[list[Runner]]:
    context = multiprocessing.get_context("spawn")
    pipes = []
    for core in sorted(os.sched_getaffinity(0))[:2]:
        ours, theirs = context.Pipe()
        context.Process(target=_serve, args=(theirs, core), daemon=True).start()
        pipes.append(ours)
    try:
        yield pipes
    finally:
        for pipe in pipes:
            pipe.send(None)


def _serve(pipe: Connection, core: int) -> None:
    import torch

    os.sched_setaffinity(0, {core})
    torch.set_num_threads(1)
    with closing(pipe):
        while (jobs := pipe.recv()) is not None:
            ends = [event for event in run_jobs(jobs, RunChoices()) if isinstance(event, JobEnd)]
            pipe.send([end.why for end in ends if end.state == "failed"])


def _wall(runners: Sequence[Runner], jobs: list[SlideJob]) -> float:
    began = time.perf_counter()
    for runner in runners:
        runner.send(jobs)
    failed = [why for runner in runners for why in runner.recv()]
    if failed:
        raise RuntimeError(f"a slide failed: {failed[0]}")
    return time.perf_counter() - began
