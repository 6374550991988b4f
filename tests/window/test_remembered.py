"""What was used last is there again in the next dock, and in the next session; what is gone is not."""

from pathlib import Path

import numpy as np
import pytest
from napari.settings import get_plugin_settings
from qtpy.QtWidgets import QDialogButtonBox, QFileDialog

from msm_mil_core.mil.model_file.checkpoint import bundled_checkpoints
from napari_msm_mil.dock.run_widget import RunWidget
from napari_msm_mil.files.export_dialog import ExportDialog
from napari_msm_mil.files.gateway_dialog import GatewayDialog
from napari_msm_mil.remembered import last_folder, remember, remember_path, remembered, remembered_paths
from napari_msm_mil.settings import PLUGIN
from tests.icc import a_profiled_slide
from tests.slides import TISSUE, a_picture
from tests.window.dock_user import (
    a_model_file,
    a_result_of,
    accept,
    child,
    choose_model,
    export_dialog,
    open_docks,
    settle,
    show_slide,
    text_of,
)

PIXELS = a_picture((768, 512), {(128, 128, 384, 256): TISSUE})


@pytest.fixture
def docks(qtbot, viewer, tmp_path, monkeypatch):
    """Opens one dock after another, as in one session after another."""
    with open_docks(qtbot, viewer, monkeypatch, tmp_path) as another:
        yield another


def test_a_text_and_paths_are_remembered(tmp_path):
    files = [tmp_path / f"{number}.txt" for number in range(4)]
    for file in files:
        file.touch()
        remember_path("paths", file, most=3)
    remember("text", "tcp://host:1")
    files[3].unlink()

    assert remembered("text") == "tcp://host:1"
    assert remembered("other") == ""
    assert remembered_paths("paths") == (files[2], files[1])


def test_the_model_that_was_chosen_last_is_chosen_again(docks, tmp_path):
    model, first = a_model_file(tmp_path / "mine.safetensors"), docks()
    choose_model(first, model)

    again = docks()
    child(again, "model").setCurrentIndex(0)
    bundled = docks()
    choose_model(bundled, model)
    model.unlink()
    without = docks()

    assert child(again, "model").itemText(1) == "mine"
    assert text_of(again, "model_card") == text_of(without, "model_card")
    assert child(bundled, "model").currentText() == "mine"
    assert child(without, "model").currentData() == str(bundled_checkpoints()[0])


def test_the_address_of_a_cluster_and_the_port_of_qupath_are_there_again(docks):
    first = docks()
    child(first, "scheduler").setText("tcp://host:8786")
    child(first, "scheduler").editingFinished.emit()
    first.act("gateway")
    dialog = first.findChild(GatewayDialog)
    child(dialog, "port").setValue(25_400)
    child(dialog, "token").setText("secret")
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()

    again = docks()
    again.act("gateway")
    dialog = again.findChild(GatewayDialog)

    assert child(again, "scheduler").text() == "tcp://host:8786"
    assert (child(dialog, "port").value(), text_of(dialog, "token")) == (25_400, "")
    dialog.close()


def test_files_are_suggested_where_the_last_one_was_written_and_in_its_format(docks, viewer, drawn, tmp_path):
    show_slide(viewer, drawn)
    dock = docks()
    dock.show_result(a_result_of(drawn))
    dialog, folder = export_dialog(dock), tmp_path / "exports"
    folder.mkdir()
    before = text_of(dialog, "export_path")
    child(dialog, "export_format").choose("csv")
    child(dialog, "export_path").setText(str(folder / "table.csv"))
    accept(dialog)
    settle()

    later = open_another(dock)

    assert before == str(Path.home() / "drawn.geojson")
    assert text_of(later, "export_path") == str(folder / "drawn.csv")
    assert child(later, "export_format").format.to == "csv"
    later.close()


def open_another(dock) -> ExportDialog:
    child(dock, "export_geojson").click()
    return dock.findChildren(ExportDialog)[-1]


def test_a_folder_that_is_gone_is_not_suggested(tmp_path):
    remember("files/folder", str(tmp_path / "unplugged"))

    assert last_folder() == Path.home()


def test_the_folder_of_a_saved_result_counts_too(docks, viewer, drawn, tmp_path, monkeypatch):
    show_slide(viewer, drawn)
    dock = docks()
    dock.show_result(a_result_of(drawn))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "a.msm.h5"), ""))

    child(dock, "save_result").click()
    settle()

    assert last_folder() == tmp_path


def test_the_colours_of_one_slide_are_those_of_the_next(plugin, plugin_settings, docks, viewer, profiled):
    first = show_slide(viewer, profiled)
    dock = docks()

    child(dock, "screen_colors").click()
    viewer.layers.remove(first)
    stored = show_slide(viewer, profiled)
    shown, as_stored = child(dock, "screen_colors").isChecked(), np.asarray(stored.data[0][128:160, 128:160])
    child(dock, "screen_colors").click()
    viewer.layers.remove(stored)
    in_srgb = show_slide(viewer, profiled)

    assert not shown
    np.testing.assert_array_equal(as_stored, PIXELS[128:160, 128:160])
    assert in_srgb.metadata["facts"].colors == "srgb"
    assert get_plugin_settings(PLUGIN).display.screen_colors == "srgb"


def test_without_a_plugin_that_napari_knows_only_the_slide_that_is_there_changes(npe2pm, docks, viewer, profiled):
    slide = show_slide(viewer, profiled)
    dock = docks()

    child(dock, "screen_colors").click()

    assert slide.metadata["facts"].colors == "as-stored"
    assert isinstance(dock, RunWidget)


@pytest.fixture
def profiled(tmp_path):
    """A slide whose profile exchanges red and blue."""
    return a_profiled_slide(tmp_path / "drawn.tif", PIXELS)
