"""Files that are whole or absent: written under a temporary name beside the target, flushed, then renamed."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msm_mil_core.errors import OutputError
from msm_mil_core.part_files import new_part, remove_leftovers

_cleaned: set[Path] = set()


@contextmanager
def whole_file(path: Path, *, overwrite: bool = True, durable: bool = True) -> Iterator[Path]:
    """Give a temporary path in the folder of `path`; on leaving without an error it becomes `path`.

    The folder is created if it does not exist. A link stays a link: the file that it points to is written. On any
    error, and when a generator that writes is dropped, the temporary file is removed, and a file that was at `path`
    before is left as it was. What killed processes left in the folder is removed, once for each folder.

    Parameters
    ----------
    durable
        Whether the file must outlive a loss of power from the moment at which it is in place; waiting for the disk
        takes most of the time that a small file takes. One that is not may be empty after such a loss.

    Raises
    ------
    OutputError
        If the folder cannot be created or written, `path` is no file, or it exists by then and may not be overwritten.
    """
    target = _target(path)
    part = _reserve(target)
    try:
        _clean_once(part)
        yield part
        if durable:
            _flush_to_disk(part)
        _put_in_place(part, target, overwrite=overwrite)
    except OSError as exc:
        raise OutputError(f"Cannot write {path}: {exc.strerror or exc}. Choose another folder.") from exc
    finally:
        part.unlink(missing_ok=True)


def check_writable(folder: Path) -> None:
    """Create the folder if it does not exist and try to write into it, so that long work is not lost at its end.

    What killed processes left in it is removed.

    Raises
    ------
    OutputError
        If the folder cannot be created or written.
    """
    probe = _reserve(folder / "probe")
    now = probe.stat().st_mtime
    probe.unlink()
    remove_leftovers(folder, now)


def _target(path: Path) -> Path:
    """Follow links, and refuse to replace what is no file, such as a device or a folder."""
    try:
        target = path.resolve() if path.is_symlink() else path
    except (OSError, RuntimeError) as exc:  # Python 3.11 raises a RuntimeError where links lead in a circle
        raise OutputError(f"Cannot write {path}: it is a link that leads nowhere. Choose another name.") from exc
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise OutputError(f"Cannot write {path}: it exists, and is no file. Choose another name.")
    return target


def _clean_once(part: Path) -> None:
    if part.parent not in _cleaned:
        _cleaned.add(part.parent)
        remove_leftovers(part.parent, part.stat().st_mtime)


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
        part = new_part(path)
        part.chmod(0o666 & ~_umask())
    except (OSError, ValueError) as exc:  # a ValueError where the path holds a zero byte
        if getattr(exc, "errno", None) == errno.ENAMETOOLONG:
            raise OutputError(f"Cannot write {path}: the name is too long. Choose a shorter one.") from exc
        why = getattr(exc, "strerror", None) or exc
        raise OutputError(f"Cannot write into {path.parent}: {why}. Choose {instead}.") from exc
    return part


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
