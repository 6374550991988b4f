"""Files of a result in the dock: opened, saved and exported, or refused in words."""

import numpy as np
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from msm_mil_core.results.result_file import load_result, save_result
from napari_msm_mil.widgets.forms.number_field import NumberField
from tests.slides import a_drawn_slide
from tests.window.dock_user import (
    RUN_MS,
    a_result_of,
    accept,
    child,
    export_dialog,
    show_slide,
    text_of,
)


def test_a_saved_result_comes_back_with_its_slide_and_without_computing(dock, viewer, drawn, tmp_path, qtbot):
    saved = tmp_path / "saved.msm.h5"
    save_result(a_result_of(drawn), saved)

    dock.open_result(saved)
    qtbot.waitUntil(lambda: dock.result is not None, timeout=RUN_MS)

    assert viewer.layers[0].name == "drawn"
    assert len([layer for layer in viewer.layers if "stage" in layer.metadata]) == 3
    assert str(saved) in text_of(dock, "kept")


def test_a_result_without_its_slide_shows_its_maps_and_says_so(dock, viewer, drawn, tmp_path, qtbot):
    slide = a_drawn_slide(tmp_path / "gone.tiff", levels=1)
    save_result(a_result_of(slide), tmp_path / "saved.msm.h5")
    slide.path.unlink()

    dock.open_result(tmp_path / "saved.msm.h5")
    qtbot.waitUntil(lambda: dock.result is not None, timeout=RUN_MS)

    assert "gone.tiff is no longer at" in text_of(dock, "message")
    assert not any("slide" in layer.metadata for layer in viewer.layers)


def test_a_file_that_is_not_a_result_is_refused_in_words(dock, tmp_path, notes, qtbot):
    (tmp_path / "text.msm.h5").write_text("no result")

    dock.open_result(tmp_path / "text.msm.h5")
    qtbot.waitUntil(lambda: bool(notes), timeout=RUN_MS)

    assert "text.msm.h5" in text_of(dock, "message")


def test_a_result_of_a_slide_without_pixel_size_calibrates_it(dock, viewer, bare, tmp_path, qtbot):
    slide = show_slide(viewer, bare)
    save_result(a_result_of(bare, mpp=0.5), tmp_path / "saved.msm.h5")

    dock.open_result(tmp_path / "saved.msm.h5")
    qtbot.waitUntil(lambda: dock.result is not None, timeout=RUN_MS)

    assert tuple(slide.scale) == (0.5, 0.5)
    assert child(dock, "mpp").value() == 0.5


def test_saving_writes_the_result_that_is_shown(dock, viewer, drawn, tmp_path, qtbot, monkeypatch):
    show_slide(viewer, drawn)
    result = a_result_of(drawn)
    dock.show_result(result)
    target = tmp_path / "mine.msm.h5"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))

    child(dock, "save_result").click()
    qtbot.waitUntil(lambda: "Written" in text_of(dock, "message"), timeout=RUN_MS)

    np.testing.assert_array_equal(load_result(target).tiles.xy_px0, result.tiles.xy_px0)


def test_export_asks_and_writes_geojson(dock, viewer, drawn, tmp_path, qtbot):
    show_slide(viewer, drawn)
    dock.show_result(a_result_of(drawn))

    dialog = export_dialog(dock)
    child(dialog, "export_path").setText(str(tmp_path / "out.geojson"))
    dialog.form.editor("top_k").field.setValue(2)
    accept(dialog)
    qtbot.waitUntil(lambda: "Written" in text_of(dock, "message"), timeout=RUN_MS)

    text = (tmp_path / "out.geojson").read_text()
    assert "Stage 3 top 2" in text
    assert "top 3" not in text


def test_nothing_is_exported_while_a_number_cannot_be_read(dock, viewer, drawn, tmp_path):
    show_slide(viewer, drawn)
    dock.show_result(a_result_of(drawn))
    dialog = export_dialog(dock)
    child(dialog, "export_path").setText(str(tmp_path / "a.geojson"))
    field = dialog.form.findChildren(NumberField)[0]

    field.setEnabled(True)
    field.lineEdit().selectAll()
    QTest.keyClicks(field.lineEdit(), "1..5")
    accept(dialog)

    assert "1..5" in text_of(dialog, "export_problem")
    assert not list(tmp_path.glob("*.geojson"))
    dialog.reject()


def test_export_options_that_contradict_each_other_are_refused_in_the_dialog(dock, viewer, drawn, tmp_path):
    show_slide(viewer, drawn)
    dock.show_result(a_result_of(drawn))
    dialog = export_dialog(dock)

    dialog.form.editor("origin").field.setCurrentText("custom")
    accept(dialog)

    assert "custom" in child(dialog, "export_problem").text()
    assert dialog.isVisible()
    dialog.reject()
