"""What would stop a file from being written is said before anything is computed, with the option that helps."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.cli.outputs import check_outputs, output_paths
from msm_mil_core.disk_space import check_space
from msm_mil_core.errors import OutputError
from msm_mil_core.results.result_file import save_result
from tests.results import a_result


def test_a_free_place_passes_and_is_left_empty(tmp_path: Path):
    check_outputs([tmp_path / "new" / f"{name}.csv" for name in "ab"], overwrite=False)

    assert not list((tmp_path / "new").iterdir())


def test_files_that_exist_are_counted(tmp_path: Path):
    targets = [tmp_path / f"{number}.csv" for number in range(3)]
    for path in targets[:2]:
        path.touch()

    with pytest.raises(OutputError, match=r"2 files already exist .*0\.csv.*use --overwrite or another --out folder"):
        check_outputs(targets, overwrite=False)
    check_outputs(targets, overwrite=True)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_in_the_place_of_a_file_is_said(tmp_path: Path, overwrite: bool):
    (tmp_path / "a.csv").mkdir()

    with pytest.raises(OutputError, match=r"a\.csv is a folder"):
        check_outputs([tmp_path / "a.csv"], overwrite=overwrite)


@pytest.mark.parametrize("name", ["é" * 127 + ".csv", "a" * 256])
def test_a_name_that_cannot_be_is_said(tmp_path: Path, name: str):
    with pytest.raises(OutputError, match="Choose a shorter"):
        check_outputs([tmp_path / name], overwrite=False)


def test_the_longest_name_that_can_be_is_written(tmp_path: Path):
    name = "病" * 82 + ".msm.h5"  # 253 bytes

    check_outputs([tmp_path / name], overwrite=False)
    save_result(a_result(), tmp_path / name)

    assert (tmp_path / name).is_file()


def test_a_folder_that_cannot_be_is_said_with_the_option(tmp_path: Path):
    (tmp_path / "file").touch()

    with pytest.raises(OutputError, match="Choose another --out folder"):
        check_outputs([tmp_path / "file" / "inside" / "a.csv"], overwrite=False)


def test_too_little_space_is_said_with_both_numbers(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5_000_000))

    check_space(tmp_path, 1_000_000)
    with pytest.raises(OutputError, match=r"About 9\.05 MB .* 5 MB are free"):
        check_space(tmp_path, 8_000_000)


def test_names_of_dicom_files_keep_their_last_number(tmp_path: Path):
    paths = output_paths([tmp_path / "1.2.826.1", tmp_path / "1.2.826.2", tmp_path / "a.b.svs"], tmp_path, ".h5")

    assert [path.name for path in paths.values()] == ["1.2.826.1.h5", "1.2.826.2.h5", "a.b.h5"]


@pytest.mark.parametrize(
    ("words", "there"),
    [
        (["export", "--to", "csv"], "b.csv"),
        (["export", "--to", "csv"], "b.verdicts.csv"),
        (["export", "--to", "geojson"], "b.geojson.gz"),
        (["report"], "b.report.html"),
    ],
)
def test_a_batch_with_one_output_that_exists_does_nothing(tmp_path: Path, words, there, capsys):
    for name in "ab":
        save_result(a_result(), tmp_path / f"{name}.msm.h5")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / there).write_text("mine")
    inputs = [str(tmp_path / f"{name}.msm.h5") for name in "ab"]

    code = call([words[0], *inputs, *words[1:], "--out", str(tmp_path / "out")])

    assert code == 2
    assert f"{there} already exists; use --overwrite" in " ".join(capsys.readouterr().err.split())
    assert [path.name for path in (tmp_path / "out").iterdir()] == [there]
