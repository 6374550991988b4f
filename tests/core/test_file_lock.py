"""One process at a time works to a place, and the others learn who does."""

import errno
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from msm_mil_core.errors import OutputError
from msm_mil_core.file_lock import HeldError, NoLockError, lock_path, locked

PATIENT_S = 600.0
"""Longer than any test: a busy machine is no failure."""

HOLDS = """
import pathlib, sys
from msm_mil_core.file_lock import locked
with locked(pathlib.Path(sys.argv[1]), "is being trained", wait_s=0):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock on `tmp_path / "m.bin"` until its input ends."""
    words = [sys.executable, "-c", HOLDS, str(tmp_path / "m.bin")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_is_told_who_holds_the_place_and_since_when(tmp_path, holder):
    said = rf"m\.bin is being trained by process {holder.pid} on \S+ since \d\d:\d\d:\d\d on .*another place"
    with pytest.raises(HeldError, match=said), locked(tmp_path / "m.bin", "is being trained", wait_s=0):
        pass


def test_a_link_to_the_place_is_the_place(tmp_path, holder):
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.bin"
    link.symlink_to(tmp_path / "m.bin")

    with pytest.raises(HeldError), locked(link, "is being trained", wait_s=0):
        pass


def test_the_lock_of_a_killed_process_locks_nothing(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert holder.returncode == -signal.SIGKILL

    with locked(tmp_path / "m.bin", "is being trained", wait_s=0):
        assert lock_path(tmp_path / "m.bin").exists()

    assert not list(tmp_path.iterdir())


def test_a_lock_that_says_nonsense_is_held_all_the_same(tmp_path, holder):
    for nonsense in ("", "[1]", '{"pid": 1, "host": "\\u001b[2J", "doing": "x", "since": "2026-11-28T10:00:00"}'):
        lock_path(tmp_path / "m.bin").write_text(nonsense)

        with pytest.raises(HeldError, match="in use by another process"):
            locked(tmp_path / "m.bin", "is being trained", wait_s=0).__enter__()


def test_locks_that_come_and_go_let_one_in_at_a_time(tmp_path):
    place, inside = tmp_path / "count", []

    def count(_):
        with locked(place, "is being counted", wait_s=PATIENT_S):
            inside.append(1)
            assert len(inside) == 1
            place.write_text(str(int(place.read_text() or 0) + 1 if place.exists() else 1))
            inside.pop()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count, range(60)))

    assert place.read_text() == "60"
    assert [path.name for path in tmp_path.iterdir()] == ["count"]


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_drive_that_cannot_lock_is_named_and_never_taken_for_locked(tmp_path, monkeypatch, number):
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)

    with pytest.raises(NoLockError, match="cannot lock files"), locked(tmp_path / "m.bin", "is saved", wait_s=0):
        pytest.fail("taken for locked")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    tmp_path.chmod(0o555)

    with pytest.raises(OutputError, match="Cannot write into"), locked(tmp_path / "m.bin", "is saved", wait_s=0):
        pass


def test_a_place_under_a_file_is_named_and_a_folder_is_made(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(OutputError, match="Cannot write into"), locked(tmp_path / "file" / "m", "is saved", wait_s=0):
        pass
    with locked(tmp_path / "new" / ("m" * 250), "is saved", wait_s=0):
        assert Path(tmp_path / "new").is_dir()
