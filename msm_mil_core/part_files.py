"""Files that are not whole yet: the name says which process writes it, so that those of killed ones are removed."""

import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from msm_mil_core.process_owner import Owner

LONGEST_STEM = 60
"""Bytes of the final name that the temporary one repeats: it must not be too long where the final one is not."""
FORGOTTEN_S = 7 * 24 * 3600
"""What another machine, or another start of this one, began to write is removed after so long."""

_NAME = re.compile(r"\..*\.msm-mil-(?P<machine>[0-9a-f]{12})-(?P<pid>\d+)-(?P<started>\d+)\.\w+\.part", re.DOTALL)


def new_part(path: Path) -> Path:
    """Create an empty file beside `path`, under a name of its own that begins with a dot and ends in .part.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    stem = os.fsdecode(os.fsencode(path.name)[:LONGEST_STEM])
    prefix = f".{stem}.msm-mil-{Owner.ours()}."
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
            if found is None or entry.is_symlink() or not _is_left(entry, found, now):
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            elif entry.is_file(follow_symlinks=False):
                Path(entry.path).unlink(missing_ok=True)


def _is_left(entry: os.DirEntry[str], found: re.Match[str], now: float) -> bool:
    owner = Owner(found["machine"], int(found["pid"]), int(found["started"]))
    return owner.is_gone() or now - entry.stat(follow_symlinks=False).st_mtime > FORGOTTEN_S
