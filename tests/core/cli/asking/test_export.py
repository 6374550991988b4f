"""Exports for other programs from the command line: which file is made, what is refused, and when."""

from pathlib import Path

import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.cli.asking.export_format import ending_of
from msm_mil_core.export.exchange import exchange_format
from msm_mil_core.export.exchange.exchange_format import ENDINGS
from msm_mil_core.results.result_file import save_result
from tests.results import a_prediction, a_result

NEEDS = {"parquet": ("pyarrow",), "ome-tiff": (), "h5ad": ("anndata",), "spatialdata": ("spatialdata",)}


@pytest.fixture
def result(tmp_path: Path) -> Path:
    save_result(a_result(), tmp_path / "drawn.msm.h5")
    return tmp_path / "drawn.msm.h5"


@pytest.mark.parametrize("option", ["--to", "--format"])
@pytest.mark.parametrize("to", NEEDS)
def test_a_result_is_written_once_and_again_only_on_request(result, to, option):
    for module in NEEDS[to]:
        pytest.importorskip(module, reason=f"needs the extra that writes {to}")
    words = ["export", str(result), option, to, "--out", str(result.parent / "out")]

    codes = call(words), call(words), call([*words, "--overwrite"])

    assert codes == (0, 2, 0)
    assert [path.name for path in (result.parent / "out").iterdir()] == [f"drawn{ENDINGS[to]}"]


@pytest.mark.parametrize(
    ("to", "extra"), [("parquet", "tables"), ("h5ad", "scverse"), ("spatialdata", "scverse"), ("dicom", "dicom")]
)
def test_what_is_not_installed_is_said_before_anything_is_written(result, to, extra, monkeypatch, capsys):
    monkeypatch.setattr(exchange_format, "find_spec", lambda _: None)

    code = call(["export", str(result), "--to", to, "--out", str(result.parent / "out")])

    assert code == 2
    assert f"Install it: pip install 'napari-msm-mil[{extra}]'" in " ".join(capsys.readouterr().err.split())
    assert not (result.parent / "out").exists()


def test_evidence_of_a_model_that_has_none_is_refused_in_a_sentence(tmp_path, capsys):
    path = tmp_path / "a.msm.h5"
    save_result(a_result(prediction=a_prediction(30, evidence=False)), path)

    code = call(["export", str(path), "--to", "ome-tiff", "--maps", "evidence", "--out", str(tmp_path)])

    assert code == 1
    assert "no exact evidence" in " ".join(capsys.readouterr().err.split())


def test_somebody_elses_folder_is_not_replaced(result, capsys):
    pytest.importorskip("spatialdata", reason="needs the extra: scverse")
    mine = result.parent / "drawn.spatialdata.zarr"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")

    code = call(["export", str(result), "--to", "spatialdata", "--out", str(result.parent), "--overwrite"])

    assert code != 0
    assert "something else is there already" in " ".join(capsys.readouterr().err.split())
    assert (mine / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("to", ["geojson", "csv", "png", "ome-tiff"])
def test_the_name_of_a_file_where_a_folder_is_asked_for_is_told(result, to, capsys):
    there = result.parent / f"out{ending_of(to)}"

    codes = [call(["export", str(result), "--to", to, "--out", str(there)])]
    told = " ".join(capsys.readouterr().err.split())
    (result.parent / f"folder{ending_of(to)}").mkdir()
    codes.append(call(["export", str(result), "--to", to, "--out", str(result.parent / f"folder{ending_of(to)}")]))

    assert codes == [2, 0]
    assert "--out names a folder" in told
    assert not there.exists()
