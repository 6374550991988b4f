"""Work in a process of its own, which can be killed before any of its writes."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import torch

WRITES = ("fsync", "link", "mkdir", "open", "remove", "rename", "replace", "unlink")
"""What changes a disk so that others see it; what is written in between is in files that nobody opens yet."""
FAILED = 70


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended."""

    code: int
    """Its exit code; the number of the signal that ended it, negative."""
    writes: int
    """How many writes it made; 0 if it was killed."""
    said: str
    """All that it printed."""


class _Counter:
    def __init__(self, kill_at: int | None) -> None:
        self.writes, self._kill_at = 0, kill_at
        for name in WRITES:
            setattr(os, name, self._counted(name, getattr(os, name)))

    def _counted(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            if name != "open" or given[1] & os.O_CREAT:
                self.writes += 1
                if self.writes == self._kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)
            return original(*given, **named)

        return counted


def start(work: Callable[[], int], log: Path, *, kill_at: int | None = None) -> int:
    """Start work in a process of its own, which kills itself before this write, and return its number."""
    log.parent.mkdir(parents=True, exist_ok=True)
    child = os.fork()
    if child == 0:
        _work(work, log, kill_at)
    return child


def join(child: int, log: Path) -> Ended:
    """Wait until a process has ended."""
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    counted = log.with_suffix(".writes")
    return Ended(code, int(counted.read_text()) if counted.exists() else 0, log.read_text(errors="replace"))


def run(work: Callable[[], int], log: Path, *, kill_at: int | None = None) -> Ended:
    """Do work in a process of its own, and wait until it has ended."""
    return join(start(work, log, kill_at=kill_at), log)


def _work(work: Callable[[], int], log: Path, kill_at: int | None) -> NoReturn:
    code = FAILED
    try:
        with log.open("w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            torch.set_num_threads(1)  # threads do not survive a fork
            counter = _Counter(kill_at)
            code = work()
            log.with_suffix(".writes").write_text(str(counter.writes))
    finally:
        os._exit(code)
