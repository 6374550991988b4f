"""A run that is stopped at any moment, by Ctrl+C or by a queue: nothing is left behind but what is finished."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.cli.exit_codes import ENDED, STOPPED
from tests.cohorts import WORDS, cut_slides

COUNT = 6
WAIT_S = 120

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes and signals")


@pytest.fixture
def words(tmp_path, model):
    *_, last = cut_slides(tmp_path / "slides", COUNT)
    last.rename(tmp_path / "last.tiff")
    os.mkfifo(last)  # whoever opens it waits for ever: the run does not end before it is stopped
    named = ["run", str(tmp_path / "slides"), "--model", str(model.path), "--out", str(tmp_path / "out")]
    return [*named, "--json", "--no-keep-features", *WORDS]


PROGRAM = "from signal import *; signal(SIGINT, default_int_handler); from msm_mil_core.cli.app import main; main()"
"""Tests that run in the background of a shell pass on to their children that Ctrl+C is ignored."""


@contextmanager
def started(words):
    """Start a run; however a test ends, it does not outlive the test."""
    alone = os.environ | {"OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", PROGRAM, *words], env=alone, **pipes) as running:
        try:
            yield running
        finally:
            running.kill()


@pytest.mark.parametrize("more", [(), ("--jobs", "2")])
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, STOPPED), (signal.SIGTERM, ENDED)])
def test_it_says_so_gives_its_claims_up_and_is_continued_by_the_same_command(tmp_path, words, capsys, more, sent, code):
    with started([*words, *more]) as running:
        first = running.stdout.readline()

        running.send_signal(sent)
        out, err = running.communicate(timeout=WAIT_S)

    lines = [json.loads(line) for line in (first + out).splitlines()]
    done = {line["slide"] for line in lines}
    left = {path.suffix for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert running.returncode == code
    assert "msm-mil: stopped; finished files remain." in err
    assert "Traceback" not in err
    assert 1 <= len(done) < COUNT
    assert not list((tmp_path / "out").rglob("*.claim"))
    assert not left & {".part", ".claim"}
    (tmp_path / "last.tiff").replace(tmp_path / "slides" / f"cut{COUNT - 1:02}.tiff")
    assert call(words) == 0
    again = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["slide"] for line in again if line["state"] == "skipped"} >= done
    assert {line["state"] for line in again} == {"finished", "skipped"}
