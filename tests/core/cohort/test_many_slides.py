"""Sixty slides, and everything that may happen to those who work on them: each has its one whole result at the end."""

import json
import os
import resource
import subprocess
import sys
from contextlib import contextmanager
from itertools import islice

import numpy as np
import psutil
import pytest
import torch

from msm_mil_core.cohort.job_end import JobEnd
from msm_mil_core.cohort.overview.cohort_status import read_status
from msm_mil_core.cohort.run_choices import RunChoices
from msm_mil_core.cohort.run_jobs import run_jobs
from msm_mil_core.results.result_file import load_result
from tests.cohorts import WORDS, cut_slides, jobs_for

COUNT = 60
MORE = 32 * 2**20
"""Bytes by which the memory at rest of equal processes may differ."""
LARGEST_FILE = 8000
"""Bytes that fit on a disk that is full: a record does, a result does not."""

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes and limits of files")


@pytest.fixture
def one_thread():
    """Sums depend on the number of threads in their last digits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def start(slides, model, out) -> subprocess.Popen:
    words = ["run", slides, "--model", model.path, "--out", out, "--jobs", "2", "--json", *WORDS]
    command = [sys.executable, "-c", "from msm_mil_core.cli.app import main; main()", *words, "--no-keep-features"]
    alone = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=alone)


def held_at_rest(running, ends) -> int:
    """Return the resident memory in bytes of a run and its processes while `ends` slides end.

    A process holds tens of megabytes more while it encodes, and two of them encode when they like; what a slide leaves
    behind is in the least that each of them held.
    """
    program = psutil.Process(running.pid)
    processes = (program, *program.children())
    held = []
    for _ in range(ends):
        read_ends(running, 1)
        held.append([process.memory_info().rss for process in processes])
    return int(np.min(held, axis=0).sum())


def read_ends(running, count) -> list[dict]:
    return [json.loads(line) for line in islice(running.stdout, count)]


def kill_a_worker(running) -> None:
    """Kill, without a warning, a process that runs slides."""
    children = psutil.Process(running.pid).children()
    next(child for child in children if "spawn_main" in " ".join(child.cmdline())).kill()


@contextmanager
def full_disk():
    """Let no file become larger: to a program it is as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def ends_of(jobs, **choices) -> list[JobEnd]:
    return [event for event in run_jobs(jobs, RunChoices(**choices)) if isinstance(event, JobEnd)]


def numbers_in(path) -> np.ndarray:
    result = load_result(path)
    stages = [stage.attention for stage in result.prediction.stages]
    return np.concatenate([result.tiles.xy_px0.ravel(), result.prediction.logits, *stages])


def test_killed_and_on_a_full_disk_every_slide_has_one_whole_result_at_the_end(tmp_path, model, settings, one_thread):
    slides = cut_slides(tmp_path / "slides", COUNT)
    jobs = jobs_for(slides, settings, tmp_path / "out")

    running = start(tmp_path / "slides", model, tmp_path / "out")
    read_ends(running, 1)
    kill_a_worker(running)
    read_ends(running, 4)
    running.kill()
    running.communicate()
    half = read_status(jobs[0].folder)
    with full_disk():
        full = ends_of(list(half.left[:2]))
    last = ends_of(jobs)

    assert half.total == COUNT
    assert len(half.finished) >= 5
    assert {end.state for end in full} == {"failed"}
    assert all("Cannot write" in end.why for end in full)
    assert {end.state for end in last} == {"finished", "skipped"}
    assert sorted(end.job.key for end in last) == [job.key for job in jobs]
    assert sum(end.state == "skipped" for end in last) >= len(half.finished)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.msm.h5")) == [job.target.name for job in jobs]
    assert not list((tmp_path / "out").rglob("*.claim"))
    alone = jobs_for(slides, settings, tmp_path / "alone")
    ends_of(alone)
    for job, once in zip(jobs, alone, strict=True):
        np.testing.assert_array_equal(numbers_in(job.target), numbers_in(once.target))


def test_memory_of_several_processes_does_not_grow_with_the_number_of_slides(tmp_path, model):
    cut_slides(tmp_path / "slides", COUNT)

    with start(tmp_path / "slides", model, tmp_path / "out") as running:
        read_ends(running, 4)
        few = held_at_rest(running, 14)
        read_ends(running, 20)
        many = held_at_rest(running, 14)
        last = read_ends(running, None)

    assert [end["state"] for end in last] == ["finished"] * (COUNT - 52)
    assert many < few + MORE


def test_a_slide_that_hangs_its_reader_is_given_up_and_run_when_it_can_be_read(tmp_path, settings):
    slides = cut_slides(tmp_path / "slides", 1)
    aside = slides[0].rename(tmp_path / "aside.tiff")
    os.mkfifo(slides[0])  # whoever opens it waits for ever
    jobs = jobs_for(slides, settings, tmp_path / "out")

    (hung,) = ends_of(jobs, timeout=0.5)
    aside.replace(slides[0])
    (run,) = ends_of(jobs)

    assert "longer than 0.5 s (--timeout)" in hung.why
    assert run.state == "finished"
