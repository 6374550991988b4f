"""Files that are whole or absent: written under a temporary name beside the target, flushed, then renamed."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msm_mil_core.errors import OutputError

SHORT_BYTES = 200
"""Of 255 that a name may have: the rest is for what makes a temporary name unique."""


@contextmanager
def whole_file(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Give a temporary path in the folder of `path`; on leaving without an error it becomes `path`.

    The folder is created if it does not exist. On any error, and when a generator that writes is dropped, the temporary
    file is removed, and a file that was at `path` before is left as it was.

    Raises
    ------
    OutputError
        If the folder cannot be created or written, or if `path` exists by then and may not be overwritten.
    """
    part = _reserve(path)
    try:
        yield part
        _flush_to_disk(part)
        _put_in_place(part, path, overwrite=overwrite)
    except OSError as exc:
        raise OutputError(f"Cannot write {path}: {exc.strerror or exc}. Choose another folder.") from exc
    finally:
        part.unlink(missing_ok=True)


def check_writable(folder: Path) -> None:
    """Create the folder if it does not exist and try to write into it, so that long work is not lost at its end.

    Raises
    ------
    OutputError
        If the folder cannot be created or written.
    """
    _reserve(folder / "probe").unlink()


def check_place(path: Path, instead: str = "another folder") -> None:
    """Try to write under a name, as `whole_file` will, so that long work is not lost at its end.

    Raises
    ------
    OutputError
        If the folder cannot be created or written, or the name is too long for it.
    """
    _reserve(path, instead).unlink()


def _reserve(path: Path, instead: str = "another folder") -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{_short(path.name)}.", suffix=".part")
        os.close(handle)
        Path(name).chmod(0o666 & ~_umask())
    except OSError as exc:
        if exc.errno == errno.ENAMETOOLONG:
            raise OutputError(f"Cannot write {path}: the name is too long. Choose a shorter one.") from exc
        raise OutputError(f"Cannot write into {path.parent}: {exc.strerror or exc}. Choose {instead}.") from exc
    return Path(name)


def _short(name: str) -> str:
    """Cut a name, so that a temporary one made of it is not too long where the name itself is not."""
    return os.fsencode(name)[:SHORT_BYTES].decode(errors="ignore")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _flush_to_disk(part: Path) -> None:
    with part.open("rb+") as written:
        os.fsync(written.fileno())


def _put_in_place(part: Path, path: Path, *, overwrite: bool) -> None:
    if overwrite:
        part.replace(path)
        return
    try:
        os.link(part, path)  # fails if the name is taken, even if another program took it a moment ago
    except OSError as exc:  # FAT and some network drives have no links at all
        if path.exists():
            raise OutputError(f"{path} already exists; allow overwriting or choose another folder.") from exc
        part.replace(path)
