"""Tables of comparisons: asked for, written in a thread, and an error is reported."""

import csv

import pytest
from qtpy.QtWidgets import QFileDialog, QWidget

from msm_mil_core.errors import OutputError
from msm_mil_core.explain.comparison_options import CompareOptions
from msm_mil_core.explain.stage_comparison import compare_stages
from msm_mil_core.progress import finish
from napari_msm_mil.files.file_dialogs import FileDialogs
from tests.results import a_prediction, a_result
from tests.window.dock_user import RUN_MS, settle


@pytest.fixture
def dialogs(qtbot, tmp_path):
    window = QWidget()
    qtbot.addWidget(window)
    yield FileDialogs(window, tmp_path / "results")
    settle()


@pytest.fixture(scope="module")
def result():
    return a_result(prediction=a_prediction(30))


@pytest.fixture(scope="module")
def comparison(result):
    return finish(compare_stages(result.prediction, result.tiles, 0.5, CompareOptions(draws=2)))


def test_the_table_is_written_as_csv(dialogs, result, comparison, qtbot, tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))

    with qtbot.waitSignal(dialogs.written, timeout=RUN_MS) as written:
        dialogs.ask_table(result, comparison)

    assert written.args[0].path == path
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["about"] for row in rows] == ["pair"] * 3 + ["coverage"] * 3


def test_a_table_that_cannot_be_written_is_reported(dialogs, result, comparison, qtbot, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "file" / "a.csv"), ""))

    with qtbot.waitSignal(dialogs.failed, timeout=RUN_MS) as failed:
        dialogs.ask_table(result, comparison)

    assert isinstance(failed.args[0], OutputError)
    assert str(failed.args[0]).startswith("Cannot write")


def test_a_dialog_that_is_cancelled_writes_nothing(dialogs, result, comparison, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))

    dialogs.ask_table(result, comparison)
    settle()

    assert not list(tmp_path.glob("**/*.csv"))
