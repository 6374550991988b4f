"""Files that are not whole yet: the name says which process writes it, so that those of killed ones are removed."""

import hashlib
import os
import re
import socket
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

LONGEST_STEM = 60
"""Bytes of the final name that the temporary one repeats: it must not be too long where the final one is not."""
CLOCK_S = 2
"""When a process started is known this well."""
FORGOTTEN_S = 7 * 24 * 3600
"""What another machine, or another start of this one, began to write is removed after so long."""

_NAME = re.compile(r"\..*\.msm-mil-(?P<machine>[0-9a-f]{12})-(?P<pid>\d+)-(?P<started>\d+)\.\w+\.part", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Owner:
    """A process that writes."""

    machine: str
    """Stands for a start of a machine, and for a container on it: process numbers hold within."""
    pid: int
    started: int
    """Seconds since 1970; 0 where that is not known."""

    @classmethod
    def ours(cls) -> Self:
        pid = os.getpid()
        return cls(_machine(), pid, _started(pid) or 0)

    def is_gone(self) -> bool:
        """Return whether the process has ended for certain."""
        if self.machine != _machine():
            return False
        started = _started(self.pid)
        return started is None or (min(started, self.started) > 0 and abs(started - self.started) > CLOCK_S)


def new_part(path: Path) -> Path:
    """Create an empty file beside `path`, under a name of its own that begins with a dot and ends in .part.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    owner = _Owner.ours()
    stem = os.fsdecode(os.fsencode(path.name)[:LONGEST_STEM])
    prefix = f".{stem}.msm-mil-{owner.machine}-{owner.pid}-{owner.started}."
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=".part")
    os.close(handle)
    return Path(name)


def remove_leftovers(folder: Path, now: float) -> None:
    """Remove what processes that have ended were writing in a folder; leave what may still be written.

    Parameters
    ----------
    now
        The time, in seconds since 1970, by the clock of the file system that holds the folder.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _NAME.fullmatch(entry.name)
            if found and entry.is_file(follow_symlinks=False) and _is_left(entry, found, now):
                Path(entry.path).unlink(missing_ok=True)


def _is_left(entry: os.DirEntry[str], found: re.Match[str], now: float) -> bool:
    owner = _Owner(found["machine"], int(found["pid"]), int(found["started"]))
    return owner.is_gone() or now - entry.stat(follow_symlinks=False).st_mtime > FORGOTTEN_S


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
