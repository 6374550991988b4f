"""A file that exists is whole."""

import stat
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
