"""Locks between processes: one at a time writes to a place, and the others are told who it is."""

import errno
import hashlib
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from msm_mil_core.errors import OutputError

LONGEST_NAME = 200
"""Of a file in bytes: a longer name leaves too little room for what a lock's name adds."""
POLL_S = 0.01
"""How long to wait between two attempts: most locks are held for a moment."""
_CANNOT_WRITE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}


class HeldError(OutputError):
    """Another process works on the same file."""


class NoLockError(OutputError):
    """The folder is on a drive that cannot lock files, as some network drives cannot."""


@contextmanager
def locked(path: Path, doing: str, *, wait_s: float) -> Iterator[None]:
    """Hold the lock on a path that other processes respect; it ends with the block, or with the process.

    The lock is a hidden file beside what `path` points at, which need not exist; it is removed at the end. One that a
    killed process left behind locks nothing.

    Parameters
    ----------
    doing
        What happens meanwhile, for those who have to wait: "is being trained".
    wait_s
        How long to wait for another process, in seconds.

    Raises
    ------
    HeldError
        If another process still holds it then; the message says which, and since when.
    NoLockError
        If the drive cannot lock files.
    OutputError
        If the folder cannot be created or written.
    """
    target = Path(os.path.realpath(path))  # never fails, even for links in a circle
    lock = _acquire(target, path, wait_s)
    try:
        _sign(lock, doing)
        yield
    finally:
        _release(lock)


def lock_path(path: Path) -> Path:
    """Return the file that locks a path without links."""
    name = path.name
    if len(os.fsencode(name)) > LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return path.with_name(f".{name}.lock")


def _acquire(target: Path, path: Path, wait_s: float) -> FileLock:
    lock = FileLock(lock_path(target), mode=0o666, fallback_to_soft=False)  # whoever may write there may lock
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=wait_s, poll_interval=POLL_S)
    except Timeout as exc:
        raise HeldError(f"{path} {_holder(lock)}. Wait until it has ended, or choose another place.") from exc
    except OSError as exc:
        why = exc.strerror or exc
        if exc.errno in _CANNOT_WRITE or isinstance(exc, FileExistsError | NotADirectoryError):
            raise OutputError(f"Cannot write into {target.parent}: {why}. Choose another folder.") from exc
        raise NoLockError(
            f"{target.parent} cannot lock files ({why}), as some network drives cannot, so two programs that write "
            f"{path.name} at once would undo each other's work. Choose a folder on another drive."
        ) from exc
    return lock


def _sign(lock: FileLock, doing: str) -> None:
    """Write into the lock who holds it; where a locked file cannot be written (Windows), nobody is named."""
    holder = {"doing": doing, "pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now().astimezone()}
    with suppress(OSError):
        Path(lock.lock_file).write_text(json.dumps(holder, default=str), encoding="utf-8")


def _holder(lock: FileLock) -> str:
    try:
        holder = json.loads(Path(lock.lock_file).read_text(encoding="utf-8"))
        since = datetime.fromisoformat(holder["since"]).strftime("%H:%M:%S on %d %b %Y")
        said = f"{holder['doing']} by process {int(holder['pid'])} on {holder['host']} since {since}"
    except (OSError, ValueError, KeyError, TypeError):  # locked a moment ago, or on Windows
        said = ""
    return said if said.isprintable() and said else "is in use by another process"


def _release(lock: FileLock) -> None:
    file = Path(lock.lock_file)
    if os.name == "posix":  # removed while it is held: whoever opened it meanwhile sees that, and opens it again
        with suppress(OSError):
            file.unlink()
    lock.release()
    if os.name != "posix":
        with suppress(OSError):  # one that another process has opened cannot be removed there
            file.unlink()
