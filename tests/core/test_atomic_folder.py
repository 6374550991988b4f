"""A folder that exists is whole, and nobody's work is replaced."""

import os
from pathlib import Path

import pytest

from msm_mil_core.atomic_folder import whole_folder
from msm_mil_core.atomic_write import whole_file
from msm_mil_core.errors import OutputError


def is_ours(folder: Path) -> bool:
    return (folder / "mark").is_file()


def write(path: Path, text: str) -> None:
    with whole_folder(path, holds=is_ours) as part:
        part.mkdir()
        (part / "mark").write_text(text)
        assert not path.exists() or (path / "mark").read_text() != text


def test_a_folder_appears_only_when_it_is_whole_and_is_replaced_by_the_next(tmp_path: Path):
    write(tmp_path / "made" / "a.zarr", "first")
    write(tmp_path / "made" / "a.zarr", "second")

    assert (tmp_path / "made" / "a.zarr" / "mark").read_text() == "second"
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["a.zarr"]


def test_an_error_leaves_the_old_folder_and_nothing_else(tmp_path: Path):
    write(tmp_path / "a.zarr", "old")

    with pytest.raises(KeyError), whole_folder(tmp_path / "a.zarr", holds=is_ours) as part:
        part.mkdir()
        raise KeyError

    assert (tmp_path / "a.zarr" / "mark").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_something_else_is_left_as_it_is(tmp_path: Path, kind: str):
    path = tmp_path / "a.zarr"
    write(tmp_path / "ours.zarr", "old")
    {"folder": path.mkdir, "file": path.touch, "link": lambda: path.symlink_to(tmp_path / "ours.zarr")}[kind]()

    with pytest.raises(OutputError, match="something else is there already"):
        write(path, "new")

    assert path.is_symlink() == (kind == "link")
    assert (tmp_path / "ours.zarr" / "mark").read_text() == "old"


def test_what_a_killed_process_left_is_removed_with_all_that_is_in_it(tmp_path: Path):
    left = tmp_path / ".a.zarr.msm-mil-0123456789ab-1-1.x.part"  # of another machine, and old
    left.mkdir()
    (left / "mark").touch()
    os.utime(left, (0, 0))

    with whole_file(tmp_path / "next.txt") as part:
        part.write_text("whole")

    assert [path.name for path in tmp_path.iterdir()] == ["next.txt"]
