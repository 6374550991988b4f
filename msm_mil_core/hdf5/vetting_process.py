"""The process in which files are vetted: one for each of ours, started when it is needed, ended with ours."""

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Lock
from typing import IO, cast

from msm_mil_core.hdf5 import vetting
from msm_mil_core.hdf5.vetting import READY, Verdict, vet

SECONDS = 20.0
"""A file that takes longer to walk through is refused."""

_Process = subprocess.Popen[bytes]


class VettingProcess:
    """A process that says of files whether they are sound; one that a file keeps busy or crashes is replaced."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._lock = Lock()
        self._process: _Process | None = None

    def ask(self, path: Path) -> Verdict:
        """Vet a file; in our own process where no other can be started, as in a program frozen into one file."""
        with self._lock:
            process = self._running() or self._start()
            if process is None:
                return vet(str(path))
            try:
                answer = _exchange(process, json.dumps([str(path.absolute()), self.seconds]))
            except BaseException:  # Ctrl-C as well: this answer must not be taken for that to the next question
                self.close()
                raise
            return Verdict(*json.loads(answer)) if answer else self._fallen(process)

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            _close_pipes(process)

    def forget(self) -> None:
        """Leave the process to the parent of ours, which has just been forked."""
        process, self._process, self._lock = self._process, None, Lock()
        if process is not None:
            _close_pipes(process)
            process.returncode = 0  # not ours to wait for

    def _running(self) -> _Process | None:
        if self._process is not None and self._process.poll() is not None:
            self.close()
        return self._process

    def _start(self) -> _Process | None:
        if getattr(sys, "frozen", False) or not sys.executable:
            return None
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", vetting.__file__],  # -P: no module of the current folder is taken for another
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError:
            return None
        if _output(self._process).readline().strip() != READY.encode():
            self.close()
        return self._process

    def _fallen(self, process: _Process) -> Verdict:
        crashed = process.wait() < 0
        self.close()
        if crashed:
            return Verdict("refused", "crashes the HDF5 library")
        return Verdict("refused", f"keeps the HDF5 library busy for more than {self.seconds:g} s")


def _exchange(process: _Process, question: str) -> bytes:
    """Return the answer, empty if the process ended over it."""
    try:
        cast(IO[bytes], process.stdin).write(f"{question}\n".encode())
        return _output(process).readline()
    except OSError:
        return b""


def _output(process: _Process) -> IO[bytes]:
    return cast(IO[bytes], process.stdout)


def _close_pipes(process: _Process) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
