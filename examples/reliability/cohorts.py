"""Many slides on several processes of which any may be killed: at the end each has its one whole result."""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from examples.reliability.scenarios import results_in
from examples.reliability.trial import Trial
from tests.cohorts import WORDS, a_small_model, cut_slides

SHORT, LONG = (1, 12), (20, 60)
"""Rounds, and slides in each."""
PROCESSES = 3
LIVES_S = (3.0, 20.0)
"""How long a process lives before it is killed; to start takes some seconds of it."""
KILLS = 6
DONE = (0, 3)


def tries(*, short: bool) -> Iterator[Trial]:
    """Yield each round: processes start, are killed one by one and all at once, and the same command ends the work."""
    rounds, count = SHORT if short else LONG
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cut_slides(folder / "slides", count)
        a_small_model(folder / "model.safetensors")
        _start(folder, folder / "alone").wait()
        expected = results_in(folder / "alone")
        for seed in range(rounds):
            flaw = _flaw(folder, folder / f"out{seed}", random.Random(seed), expected)
            yield Trial(f"{count} slides on {PROCESSES} processes, {KILLS} kills, round {seed}", not flaw, flaw)


def _flaw(folder: Path, out: Path, chance: random.Random, expected: object) -> str:
    """Return what is wrong after a round; empty if nothing is."""
    workers = [_start(folder, out, "--jobs", str(chance.choice((1, 2)))) for _ in range(PROCESSES)]
    for kill in range(KILLS):
        time.sleep(chance.uniform(*LIVES_S))
        victims = workers if kill == KILLS - 1 else [chance.choice(workers)]
        for victim in victims:
            victim.kill()
            victim.wait()
            workers[workers.index(victim)] = _start(folder, out)
    codes = [worker.wait() for worker in workers]
    codes.append(_start(folder, out).wait())
    return _wrong(out, codes, expected)


def _wrong(out: Path, codes: Sequence[int], expected: object) -> str:
    if set(codes) - set(DONE) or codes[-1]:
        return f"exit codes {codes}"
    if results_in(out) != expected:
        return "the results are not those of a run that was left alone"
    left = [path.name for path in out.rglob("*.claim")]
    return f"claims are left: {left}" if left else ""


def _start(folder: Path, out: Path, *more: str) -> "subprocess.Popen[bytes]":
    words = ["run", folder / "slides", "--model", folder / "model.safetensors", "--out", out, *WORDS, *more]
    command = [sys.executable, "-c", "from msm_mil_core.cli.app import main; main()", *words, "--no-keep-features"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, **quiet)
