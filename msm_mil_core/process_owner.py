"""A process, named so that others can tell whether it has ended: those on the same machine for certain."""

import hashlib
import os
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

CLOCK_S = 2
"""When a process started is known this well."""

_NAME = re.compile(r"(?P<machine>[0-9a-f]{12})-(?P<pid>\d+)-(?P<started>\d+)")


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that writes, or works on something."""

    machine: str
    """Stands for a start of a machine, and for a container on it: process numbers hold within."""
    pid: int
    started: int
    """Seconds since 1970; 0 where that is not known."""

    def __str__(self) -> str:
        return f"{self.machine}-{self.pid}-{self.started}"

    @classmethod
    def named(cls, text: str) -> Self | None:
        """Return the process of which `str` is the beginning of a text; None if it does not begin so."""
        found = _NAME.match(text)
        return cls(found["machine"], int(found["pid"]), int(found["started"])) if found else None

    @classmethod
    def ours(cls) -> Self:
        """Return this process."""
        pid = os.getpid()
        return cls(_machine(), pid, _started(pid) or 0)

    def is_gone(self) -> bool:
        """Return whether the process has ended for certain."""
        if self.machine != _machine():
            return False
        started = _started(self.pid)
        return started is None or (min(started, self.started) > 0 and abs(started - self.started) > CLOCK_S)


@cache
def _machine() -> str:
    kernel = [socket.gethostname()]
    with suppress(OSError):  # Linux alone has them
        kernel.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
        kernel.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("\n".join(kernel).encode()).hexdigest()[:12]


def _started(pid: int) -> int | None:
    """Return when a process started, 0 if that is not said; None if there is none, or only its exit code is left."""
    import psutil  # only here: many commands write nothing

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else round(process.create_time())
    except psutil.NoSuchProcess:
        return None
    except (psutil.Error, OverflowError):
        return 0
