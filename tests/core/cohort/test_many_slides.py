"""Sixty slides, and everything that may happen to those who work on them: each has its one whole result at the end."""

import json
import os
import resource
import subprocess
import sys
from contextlib import contextmanager
from itertools import islice

import psutil
import pytest
import torch

from msm_mil_core.cohort.cohort_status import read_status
from msm_mil_core.cohort.job_end import JobEnd
from msm_mil_core.cohort.run_choices import RunChoices
from msm_mil_core.cohort.run_jobs import run_jobs
from msm_mil_core.results.result_file import load_result
from tests.cohorts import WORDS, cut_slides, jobs_for

COUNT = 60
HANGS = 2
"""Which slide is a pipe at first: whoever opens it waits for ever."""
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
    words = ["run", slides, "--model", model.path, "--out", out, "--jobs", "2", "--timeout", "5", "--json", *WORDS]
    command = [sys.executable, "-c", "from msm_mil_core.cli.app import main; main()", *words, "--no-keep-features"]
    alone = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=alone)


def read_ends(running, count) -> list[dict]:
    return [json.loads(line) for line in islice(running.stdout, count)]


def kill_a_worker(running) -> None:
    """Kill, without a warning, a process that runs slides."""
    workers = [child for child in psutil.Process(running.pid).children() if "spawn_main" in " ".join(child.cmdline())]
    workers[0].kill()


@contextmanager
def full_disk():
    """Let no file become larger: to a program it is as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def ends_of(jobs) -> list[JobEnd]:
    return [event for event in run_jobs(jobs, RunChoices()) if isinstance(event, JobEnd)]


def numbers_in(path) -> list:
    result = load_result(path)
    stages = [stage.attention.tolist() for stage in result.prediction.stages]
    return [result.tiles.xy_px0.tolist(), result.prediction.logits.tolist(), stages]


def test_whatever_happens_every_slide_has_one_whole_result_at_the_end(tmp_path, model, settings, one_thread):
    slides = cut_slides(tmp_path / "slides", COUNT)
    aside = slides[HANGS].rename(tmp_path / "aside.tiff")
    os.mkfifo(slides[HANGS])
    jobs = jobs_for(slides, settings, tmp_path / "out")

    running = start(tmp_path / "slides", model, tmp_path / "out")
    ends = read_ends(running, 1)
    kill_a_worker(running)
    while not any(end["state"] == "failed" for end in ends):  # the one that hangs
        ends += read_ends(running, 1)
    running.kill()
    running.communicate()
    half = read_status(jobs[0].folder)
    aside.replace(slides[HANGS])
    with full_disk():
        full = ends_of(list(half.left[:2]))
    last = ends_of(jobs)

    hanging = next(end for end in ends if end["slide"] == str(slides[HANGS]))
    assert "--timeout" in hanging["error"]
    assert half.total == COUNT
    assert half.left
    assert {end.state for end in full} == {"failed"}
    assert all("Cannot write" in end.why for end in full)
    assert {end.state for end in last} == {"finished", "skipped"}
    assert sorted(end.job.key for end in last) == [job.key for job in jobs]
    assert sum(end.state == "skipped" for end in last) == len(half.finished) > 0
    assert sorted(path.name for path in (tmp_path / "out").glob("*.msm.h5")) == [job.target.name for job in jobs]
    assert not list((tmp_path / "out").rglob("*.claim"))
    alone = jobs_for(slides, settings, tmp_path / "alone")
    ends_of(alone)
    assert [numbers_in(job.target) for job in jobs] == [numbers_in(job.target) for job in alone]
