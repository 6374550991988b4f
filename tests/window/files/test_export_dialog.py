"""The dialog before an export: each format has its ending and options, and what cannot be written is said there."""

import csv
from pathlib import Path

import pytest
import tifffile
from PIL import Image
from qtpy.QtWidgets import QApplication, QDialogButtonBox, QLineEdit, QWidget

from msm_mil_core.export.exchange import exchange_format
from msm_mil_core.export.exchange.map_options import MapOptions
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.results.annotations import Annotations, Verdict
from napari_msm_mil.files.export_dialog import ExportDialog
from napari_msm_mil.files.export_formats import FORMATS, ExchangeChoice, FormatBox
from napari_msm_mil.files.file_dialogs import FileDialogs
from tests.results import a_result
from tests.window.dock_user import RUN_MS, accept, child, settle


@pytest.fixture
def dialog(qtbot, tmp_path):
    window = QWidget()  # the dialog deletes itself when it closes
    qtbot.addWidget(window)
    shown = ExportDialog(tmp_path / "a.b.geojson", window)
    window.show()
    shown.show()
    yield shown


def choose(dialog: ExportDialog, to: str) -> None:
    dialog.findChild(FormatBox).choose(to)


def path_in(dialog: ExportDialog) -> Path:
    return Path(dialog.findChild(QLineEdit, "export_path").text())


def may_export(dialog: ExportDialog) -> bool:
    buttons = dialog.findChild(QDialogButtonBox).buttons()
    return next(each for each in buttons if each.text() == "Export").isEnabled()


def test_the_name_ends_as_the_format_does_and_comes_back(dialog, tmp_path):
    for each in (*FORMATS, *reversed(FORMATS)):
        choose(dialog, each.to)

        assert path_in(dialog) == tmp_path / f"a.b{each.ending}"
        assert dialog.form.isVisible() == (each.to == "geojson")
        assert child(dialog, "maps").isVisible() == each.has_maps


def test_what_is_chosen_is_requested(dialog, tmp_path, qtbot):
    choose(dialog, "ome-tiff")
    child(dialog, "maps").setCurrentText("rank")

    with qtbot.waitSignal(dialog.export_requested) as requested:
        accept(dialog)

    assert requested.args == [tmp_path / "a.b.ome.tif", ExchangeChoice("ome-tiff", MapOptions(maps="rank"))]


def test_qupath_is_what_is_offered_first(dialog, tmp_path, qtbot):
    with qtbot.waitSignal(dialog.export_requested) as requested:
        accept(dialog)

    assert requested.args == [tmp_path / "a.b.geojson", GeoJsonOptions()]


def test_a_format_that_is_not_installed_says_what_to_install(dialog, monkeypatch):
    monkeypatch.setattr(exchange_format, "find_spec", lambda _: None)

    choose(dialog, "dicom")

    assert "pip install 'napari-msm-mil[dicom]'" in child(dialog, "export_problem").text()
    assert not may_export(dialog)
    choose(dialog, "geojson")
    assert may_export(dialog)


def test_a_number_that_cannot_be_read_holds_up_qupaths_format_alone(dialog):
    field = dialog.form.editor("top_k").field
    field.lineEdit().setText("1..5")
    field.text_edited.emit()

    assert not may_export(dialog)
    choose(dialog, "csv")
    assert may_export(dialog)


@pytest.mark.parametrize("each", FORMATS, ids=lambda each: each.to)
def test_a_name_of_another_format_is_remarked_on(dialog, tmp_path, each):
    choose(dialog, each.to)
    problem, named = child(dialog, "export_problem"), []
    for name in ("a.txt", "a", f"a{each.ending}", f"A{each.ending.upper()}", *(f"a{ending}" for ending in each.also)):
        child(dialog, "export_path").setText(str(tmp_path / name))
        named.append("Files of this format end in" in problem.text())

    assert each.problem or named == [True, True, *[False] * (2 + len(each.also))]


@pytest.mark.parametrize("name", ["", "  ", "n" * 300, "a\0b"])
def test_what_is_no_name_of_a_file_is_told(qtbot, name):
    window = QWidget()
    qtbot.addWidget(window)
    dialogs = FileDialogs(window, Path())

    dialogs.ask_export(a_result(), Annotations())
    dialog = window.findChild(ExportDialog)
    child(dialog, "export_path").setText(name)

    if not name.strip():
        assert child(dialog, "export_problem").text() == "Give the file a name."
        assert not may_export(dialog)
        return
    with qtbot.waitSignal(dialogs.failed, timeout=RUN_MS) as failed:
        accept(dialog)
    assert "Cannot write" in str(failed.args[0])
    settle()


def test_verdicts_go_beside_a_table_and_a_figure_says_that_its_slide_is_missing(qtbot, tmp_path):
    window, said = QWidget(), Annotations(verdicts=(Verdict(stage=0, label="tumour", at=""),))
    qtbot.addWidget(window)
    dialogs = FileDialogs(window, tmp_path)
    written = {}
    for to in ("csv", "png"):
        dialogs.ask_export(a_result(), said)
        dialog = window.findChild(ExportDialog)
        choose(dialog, to)
        child(dialog, "export_path").setText(str(tmp_path / f"out.{to}"))
        with qtbot.waitSignal(dialogs.written, timeout=RUN_MS) as done:
            accept(dialog)
        written[to] = str(done.args[0])
        settle()

    assert written["csv"].endswith("out.csv. The verdicts are in out.verdicts.csv.")
    assert "tumour" in (tmp_path / "out.verdicts.csv").read_text("utf-8")
    assert "drawn.svs was not found" in written["png"]


@pytest.mark.parametrize("to", ["ome-tiff", "png", "csv"])
def test_a_format_is_written_in_a_thread(qtbot, tmp_path, to):
    window, result = QWidget(), a_result()
    qtbot.addWidget(window)
    dialogs = FileDialogs(window, tmp_path)

    dialogs.ask_export(result, Annotations())
    dialog = window.findChild(ExportDialog)
    choose(dialog, to)
    child(dialog, "export_path").setText(str(tmp_path / "out"))
    with qtbot.waitSignal(dialogs.written, timeout=RUN_MS):
        accept(dialog)

    opened = {"ome-tiff": a_tiff, "png": a_picture, "csv": a_table}[to]
    assert opened(tmp_path / "out")
    settle()


def a_tiff(path: Path) -> bool:
    with tifffile.TiffFile(path) as file:
        return file.is_ome


def a_picture(path: Path) -> bool:
    with Image.open(path) as picture:
        return picture.format == "PNG"


def a_table(path: Path) -> bool:
    with path.open(encoding="utf-8", newline="") as file:
        return len(list(csv.DictReader(file))) == 30


def test_all_of_what_a_format_is_for_can_be_read(dialog):
    dialog.show()
    says, box = child(dialog, "export_says"), child(dialog, "export_format")

    cut_off = []
    for at in range(box.count()):
        box.setCurrentIndex(at)
        QApplication.processEvents()
        if says.height() < says.heightForWidth(says.width()) or says.width() < box.width():
            cut_off.append(box.currentText())

    assert cut_off == []


def test_the_corner_counts_only_where_coordinates_begin_at_one(dialog):
    corner, requested = dialog.form.editor("custom_origin_px0"), []
    dialog.export_requested.connect(lambda _, options: requested.append(options))
    corner.field.setText("10, 20")
    before = corner.isEnabled()

    dialog.accept()

    assert not before
    assert requested[0].custom_origin_px0 is None
