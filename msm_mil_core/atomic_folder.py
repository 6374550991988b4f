"""Folders that are whole or absent: written under a temporary name beside the target, then renamed."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msm_mil_core.atomic_write import check_writable
from msm_mil_core.errors import OutputError
from msm_mil_core.part_files import new_part


@contextmanager
def whole_folder(path: Path, *, holds: Callable[[Path], bool]) -> Iterator[Path]:
    """Give the name of a folder that does not exist yet; on leaving without an error it becomes `path`.

    On any error the temporary folder is removed, and what was at `path` before is left as it was. A folder at `path` is
    replaced only if `holds` says that it is of the kind that is written: another one may be somebody's work.

    Raises
    ------
    OutputError
        If it cannot be written, or `path` is something else.
    """
    check_replaceable(path, holds=holds)
    check_writable(path.parent)
    try:
        part, old = new_part(path), new_part(path)
    except (OSError, ValueError) as exc:  # a ValueError where the path holds a zero byte
        why = getattr(exc, "strerror", None) or exc
        raise OutputError(f"Cannot write {path}: {why}. Choose another name.") from exc
    part.unlink()
    old.unlink()
    try:
        yield part
        if path.exists():
            path.rename(old)
        try:
            part.rename(path)
        except OSError:
            if old.exists():
                old.rename(path)
            raise
    except OSError as exc:
        raise OutputError(f"Cannot write {path}: {exc.strerror or exc}. Choose another folder.") from exc
    finally:
        for folder in (part, old):
            shutil.rmtree(folder, ignore_errors=True)


def check_replaceable(path: Path, *, holds: Callable[[Path], bool]) -> None:
    """Refuse a place where something lies that is not of the kind that `holds` knows.

    Raises
    ------
    OutputError
        If there is a file, a link, or a folder of another kind.
    """
    try:
        taken = path.is_symlink() or (path.exists() and not (path.is_dir() and holds(path)))
    except OSError as exc:
        raise OutputError(f"Cannot write {path}: {exc.strerror or exc}. Choose another name.") from exc
    if taken:
        raise OutputError(f"Cannot write {path}: something else is there already. Choose another name.")
