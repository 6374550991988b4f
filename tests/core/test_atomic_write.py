"""A file that exists is whole."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from msm_mil_core.atomic_write import check_writable, whole_file
from msm_mil_core.errors import OutputError


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path):
    path = tmp_path / "new" / "result.txt"

    with whole_file(path) as part:
        part.write_text("half")
        assert not path.exists()

    assert path.read_text() == "half"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    path = tmp_path / "result.txt"
    path.write_text("old")

    with pytest.raises(KeyError), whole_file(path) as part:
        part.write_text("new")
        raise KeyError

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_taken_while_we_wrote_is_not_overwritten_unless_allowed(tmp_path: Path):
    path = tmp_path / "result.txt"

    with pytest.raises(OutputError, match=r"result\.txt already exists"), whole_file(path, overwrite=False) as part:
        part.write_text("ours")
        path.write_text("theirs")

    assert path.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_told_before_the_work(tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(OutputError, match="Choose another folder"):
        check_writable(tmp_path / "file" / "out")


def test_written_files_have_the_usual_rights(tmp_path: Path):
    plain = tmp_path / "plain"
    plain.write_text("")

    with whole_file(tmp_path / "ours") as part:
        part.write_text("")

    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


WRITES_AND_WAITS = """
import sys
from pathlib import Path
from msm_mil_core.atomic_write import whole_file
with whole_file(Path(sys.argv[1])) as part:
    part.write_text("half")
    print("writing", flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path: Path):
    killed, living = (a_writer(tmp_path / name) for name in ("killed.txt", "living.txt"))
    killed.kill()
    killed.communicate()
    (left,) = tmp_path.glob(".killed*.part")
    other = left.with_name(left.name.replace(left.name.split("msm-mil-")[1][:12], "0123456789ab"))  # another machine
    forgotten = other.with_name(f"{other.name.removesuffix('.part')}2.part")
    for path in (other, forgotten, tmp_path / ".download.part"):
        path.write_text("half")
    os.utime(forgotten, (0, 0))

    with whole_file(tmp_path / "next.txt") as part:
        part.write_text("whole")

    kept = {path.name for path in tmp_path.glob(".*")}
    assert {left.name, forgotten.name} & kept == set()
    assert {other.name, ".download.part"} < kept
    living.communicate(b"")
    assert (tmp_path / "living.txt").read_text() == "half"


def test_a_zombie_and_a_number_used_again_are_gone(tmp_path: Path):
    writer = a_writer(tmp_path / "file.txt")
    (part,) = tmp_path.glob(".file*.part")
    started = part.name.split(".")[-3].rpartition("-")[2]
    reused = part.with_name(part.name.replace(f"-{started}.", f"-{int(started) - 1000}."))
    reused.write_text("half")

    check_writable(tmp_path)
    assert (part.exists(), reused.exists()) == (True, False)
    writer.kill()
    os.waitid(os.P_PID, writer.pid, os.WEXITED | os.WNOWAIT)  # ended, but not yet waited for
    check_writable(tmp_path)

    assert list(tmp_path.iterdir()) == []
    writer.communicate()


def a_writer(path: Path) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", WRITES_AND_WAITS, str(path)]
    writer = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert writer.stdout.readline().strip() == b"writing"
    return writer


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_a_link_and_its_file_is_written(tmp_path: Path, exists: bool):
    real, link = tmp_path / "real" / "file.txt", tmp_path / "links" / "link.txt"
    for path in (real, link):
        path.parent.mkdir()
    link.symlink_to(Path("..") / "real" / "file.txt")
    if exists:
        real.write_text("old")

    with whole_file(link) as part:
        part.write_text("new")

    assert link.is_symlink()
    assert (real.read_text(), real.is_symlink()) == ("new", False)
    assert [path.name for path in (*real.parent.iterdir(), *link.parent.iterdir())] == ["file.txt", "link.txt"]


@pytest.mark.parametrize("kind", ["folder", "pipe", "circle", "device", "zero"])
def test_what_is_no_file_is_not_replaced(tmp_path: Path, kind: str):
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "zero":
        path = tmp_path / "a\0b"
    else:
        path.symlink_to(path if kind == "circle" else "/dev/null")

    with pytest.raises(OutputError, match="Cannot write"), whole_file(path) as part:
        part.write_text("new")

    assert [found.name for found in tmp_path.iterdir()] == ([] if kind == "zero" else [kind])


def test_the_longest_name_is_written(tmp_path: Path):
    path = tmp_path / f"{'ä' * 125}.txt"

    with whole_file(path) as part:
        part.write_text("whole")

    assert [found.name for found in tmp_path.iterdir()] == [path.name]
