"""Opens HDF5 files for reading: only whole, self-contained ones, whoever wrote them."""

import atexit
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from msm_mil_core.errors import Hdf5Error
from msm_mil_core.hdf5.vetting_process import VettingProcess

KNOWN_AT_ONCE = 2**16
"""How many files are remembered as sound; beyond, all are forgotten."""
ATTEMPTS = 50
"""How often a file is opened anew that was replaced while it was opened."""

Stamp = tuple[int, int, int, int, int]
"""What changes when a file does."""

VETTING = VettingProcess()
"""The one of this process."""
atexit.register(VETTING.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=VETTING.forget)
_sound: set[Stamp] = set()


@contextmanager
def open_hdf5(path: Path, vetting: VettingProcess = VETTING) -> Iterator[h5py.File]:
    """Open a file for reading once another process has walked through it: nothing in it leads out or is endless.

    Raises
    ------
    Hdf5Error
        If it is no HDF5 file, is damaged, reaches outside itself, claims more than it can hold, or keeps HDF5 busy.
    FileNotFoundError
        If there is none.
    """
    with _opened(path, vetting) as file:
        yield file


def check_regular(path: Path) -> None:
    """Refuse what is no file, such as a pipe or a device: merely opening it may never end.

    Raises
    ------
    Hdf5Error
        If it exists and is no regular file.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise Hdf5Error(f"{path} is no file to read, but a folder, a pipe or a device.")


def _opened(path: Path, vetting: VettingProcess) -> h5py.File:
    for _ in range(ATTEMPTS):
        stamp = _vetted(path, vetting)
        file = h5py.File(path, "r")
        if _stamp(path.stat()) == stamp:  # the file that was vetted, not one that replaced it
            return file
        file.close()
    raise Hdf5Error(f"{path} changes all the time. Try again when nothing writes it.")


def _vetted(path: Path, vetting: VettingProcess) -> Stamp:
    check_regular(path)
    stamp = _stamp(path.stat())
    if stamp in _sound:
        return stamp
    verdict = vetting.ask(path)
    if verdict.state == "refused":
        raise Hdf5Error(f"{path} {verdict.why}, so it is not read.")
    if verdict.state != "sound":
        raise Hdf5Error(f"{path} {verdict.why}.")
    if len(_sound) >= KNOWN_AT_ONCE:
        _sound.clear()
    _sound.add(stamp)
    return stamp


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
