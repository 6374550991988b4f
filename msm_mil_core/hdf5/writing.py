"""Writes HDF5 files so that a full disk is an error like any other: HDF5 itself may crash over one."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import h5py

METADATA_BYTES = 2**20
"""Longer pieces are data, which HDF5 does not read again while it writes."""


@contextmanager
def written_hdf5(part: Path, mode: Literal["w", "r+"] = "w", *, userblock_size: int = 0) -> Iterator[h5py.File]:
    """Open an HDF5 file to fill it (w) or to change it (r+); give it to `whole_file` for a name.

    Raises
    ------
    OSError
        If it cannot be written to its end, whatever HDF5 makes of that.
    """
    with part.open("wb+" if mode == "w" else "rb+", buffering=0) as opened:
        disk = _Disk(opened)
        try:
            with h5py.File(disk, mode, **({"userblock_size": userblock_size} if userblock_size else {})) as file:
                yield file
        finally:
            disk.raise_failure()


class _Disk(io.RawIOBase):
    """A file whose failures HDF5 does not see: from the first one on, what it writes is only remembered.

    Told of a failed write, HDF5 leaves objects behind that crash the interpreter when they are closed.
    """

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._failure: BaseException | None = None
        self._unwritten: list[tuple[int, bytes]] = []
        self._at = 0
        self._length = file.seek(0, io.SEEK_END)

    def raise_failure(self) -> None:
        """Raise what went wrong first, if anything did."""
        if self._failure is not None:
            raise self._failure

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a place of the file as HDF5 believes it to be."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """Read what was written, whether the disk took it or not; zeros beyond."""
        view = memoryview(buffer).cast("B")
        view[:] = bytes(len(view))
        self._file.seek(self._at)
        self._file.readinto(view)
        for start, data in self._unwritten:
            first, last = max(start, self._at), min(start + len(data), self._at + len(view))
            if first < last:
                view[first - self._at : last - self._at] = data[first - start : last - start]
        self._at += len(view)
        return len(view)

    def write(self, data: Any, /) -> int:
        """Write all of it, or remember that it could not be written."""
        view = memoryview(data).cast("B")
        if not self._try(lambda: self._write_all(view)) and len(view) <= METADATA_BYTES:
            self._unwritten.append((self._at, bytes(view)))
        self._at += len(view)
        self._length = max(self._length, self._at)
        return len(view)

    def truncate(self, size: int | None = None, /) -> int:
        """Give the file its final length."""
        self._length = self._at if size is None else size
        self._try(lambda: self._file.truncate(self._length))
        return self._length

    def flush(self) -> None:
        """Leave nothing in a buffer of ours."""
        self._try(self._file.flush)

    def _write_all(self, view: memoryview) -> None:
        self._file.seek(self._at)
        done = 0
        while done < len(view):
            done += self._file.write(view[done:]) or 0

    def _try(self, what: Callable[[], object]) -> bool:
        if self._failure is None:
            try:
                what()
            except (OSError, KeyboardInterrupt) as exc:
                self._failure = exc
        return self._failure is None
