"""A file of which many threads read pieces at once."""

import os
from pathlib import Path
from threading import Lock
from typing import Protocol
from weakref import finalize


class ByteSource(Protocol):
    """Where pieces of a file are read, here or on another computer."""

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on, fewer at the end of the file.

        Raises
        ------
        OSError
            If the file cannot be read.
        """


class ByteFile:
    """An open file without a position; it is closed with its last reference, so that reads in progress end first."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self._lock = Lock()
        finalize(self, os.close, self._descriptor)

    def read(self, offset: int, count: int) -> bytes:
        """Read as `ByteSource` says."""
        if hasattr(os, "pread"):
            return os.pread(self._descriptor, count, offset)
        with self._lock:  # Windows has one position for all
            os.lseek(self._descriptor, offset, os.SEEK_SET)
            return os.read(self._descriptor, count)
