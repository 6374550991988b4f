"""The dock: what it asks, what it refuses, what it shows, and that nothing is lost."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QFileDialog

from msm_mil_core.mil.model_file.checkpoint import load_checkpoint
from msm_mil_core.results.annotations import load_annotations
from msm_mil_core.results.result_file import load_result, save_result
from napari_msm_mil.dock.run_widget import RunWidget
from napari_msm_mil.pages.readout.panel import ReadoutPanel
from napari_msm_mil.run.model_picker import ModelPicker
from napari_msm_mil.run.recent_models import recent_models
from napari_msm_mil.widgets.forms.number_field import NumberField
from tests.slides import a_drawn_slide
from tests.window.dock_user import (
    RUN_MS,
    a_model_file,
    a_result_of,
    accept,
    child,
    choose_model,
    export_dialog,
    open_dock,
    show_slide,
    text_of,
)

NOTES = ("answer_closeness", "answer_other_model")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.tiff")


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "bare.tiff", mpp=None)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return a_model_file(tmp_path_factory.mktemp("models") / "drawn-model.safetensors")


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def dock(qtbot, viewer, model, tmp_path, monkeypatch):
    with open_dock(qtbot, viewer, monkeypatch, tmp_path, model) as dock:
        yield dock


def test_the_first_slide_brings_a_scale_bar(viewer, dock, drawn):
    before = viewer.canvas.overlays["scale_bar"].visible

    show_slide(viewer, drawn)

    assert not before
    assert viewer.canvas.overlays["scale_bar"].visible


def test_a_scale_bar_that_the_user_hid_stays_hidden(viewer, dock, drawn):
    show_slide(viewer, drawn)
    viewer.canvas.overlays["scale_bar"].visible = False

    show_slide(viewer, drawn)

    assert not viewer.canvas.overlays["scale_bar"].visible


def test_a_run_needs_a_slide(dock, viewer, drawn):
    without = child(dock, "run").isEnabled()

    show_slide(viewer, drawn)

    assert not without
    assert child(dock, "run").isEnabled()
    assert child(dock, "slide").currentText() == "drawn"


def test_the_pixel_size_is_asked_only_where_the_slide_has_none(dock, viewer, drawn, bare):
    show_slide(viewer, drawn)
    known = child(dock, "mpp").isHidden()
    show_slide(viewer, bare)
    child(dock, "slide").setCurrentText("bare")
    asked = not child(dock, "mpp").isHidden()
    before = child(dock, "run").isEnabled()
    child(dock, "mpp").setValue(0.5)

    assert known
    assert asked
    assert not before
    assert child(dock, "run").isEnabled()


def test_a_typed_pixel_size_stays_while_layers_come_and_go(dock, viewer, drawn, bare):
    show_slide(viewer, bare)
    child(dock, "mpp").setValue(0.25)

    show_slide(viewer, drawn)
    viewer.add_shapes(name="mine")
    viewer.layers.remove("mine")

    assert child(dock, "slide").currentText() == "bare"
    assert child(dock, "mpp").value() == 0.25
    assert child(dock, "run").isEnabled()


def test_the_card_describes_a_model(dock):
    card = dock.findChild(ModelPicker).card_text

    for fact in ("normal or tumour", "drawn squares", "efficientnet-lite0", "64 px at 1 µm", "none of it is real"):
        assert fact in card
    assert len(text_of(dock, "model_card").splitlines()) == 5


def test_a_model_that_cannot_be_read_is_explained_and_forbids_a_run(dock, viewer, drawn, tmp_path):
    show_slide(viewer, drawn)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no model")

    choose_model(dock, broken)

    assert "broken.safetensors" in dock.findChild(ModelPicker).card_text
    assert not child(dock, "run").isEnabled()


def test_models_that_were_used_are_remembered(dock, viewer, model, qtbot):
    again = RunWidget(viewer)
    qtbot.addWidget(again, before_close_func=RunWidget.stop)

    names = [child(again, "model").itemText(at) for at in range(child(again, "model").count())]

    assert recent_models()[0] == model
    assert "drawn-model" in names


def test_regions_are_offered_as_they_come_and_stay_chosen(dock, viewer):
    viewer.add_shapes(name="mine")
    child(dock, "region").setCurrentText("mine")
    viewer.add_shapes(name="other")
    chosen = child(dock, "region").currentText()
    viewer.layers.remove("mine")

    assert chosen == "mine"
    assert child(dock, "region").currentText() == "Whole slide"


def test_a_region_layer_without_shapes_is_refused_in_words(dock, viewer, drawn, notes):
    show_slide(viewer, drawn)
    viewer.add_shapes(name="mine")
    child(dock, "region").setCurrentText("mine")

    child(dock, "run").click()

    assert "mine" in text_of(dock, "message")
    assert notes == [("error", text_of(dock, "message"))]
    assert text_of(dock, "run") == "Run"


def test_a_region_beside_the_slide_is_refused_in_words(dock, viewer, drawn, notes, qtbot):
    show_slide(viewer, drawn)
    viewer.add_shapes([np.array([[-90, -90], [-90, -50], [-50, -50]])], shape_type="polygon", name="mine")
    child(dock, "region").setCurrentText("mine")

    child(dock, "run").click()
    qtbot.waitUntil(lambda: text_of(dock, "run") == "Run", timeout=RUN_MS)

    assert "outside the slide" in text_of(dock, "message")
    assert notes == [("error", text_of(dock, "message"))]


def test_a_result_is_shown_with_its_answer_its_stages_and_its_file(dock, viewer, drawn, tmp_path):
    show_slide(viewer, drawn)
    result = a_result_of(drawn)

    dock.show_result(result, tmp_path / "kept.msm.h5")

    assert text_of(dock, "result_title").endswith(result.worth.answer)
    assert "class 0" in child(dock, "probabilities").accessibleDescription()
    assert child(dock, "research_use").text() == "Research use, not for diagnosis"
    assert str(tmp_path / "kept.msm.h5") in text_of(dock, "kept")
    assert child(dock, "show_0").isChecked()


def test_a_result_says_what_it_is_worth_and_whether_it_is_of_the_chosen_model(dock, viewer, drawn, model, tmp_path):
    show_slide(viewer, drawn)
    sha256, result = load_checkpoint(model).sha256, a_result_of(drawn)
    figures = {"test": {"bags": 90, "auc": 0.9, "auc_low": 0.8, "auc_high": 0.95, "ece_high": 0.0}}
    sure = replace(result, model=replace(result.model, sha256=sha256, record={"figures": figures}))
    poor = replace(result, model=replace(result.model, record={"limits": "a demonstration"}))

    dock.show_result(sure)
    assert [child(dock, name).isHidden() for name in NOTES] == [True, True]
    assert text_of(dock, "answer_badge") == "▸ About this answer"
    assert text_of(dock, "answer_model").startswith("This model: AUC 0.90")

    choose_model(dock, a_model_file(tmp_path / "other-model.safetensors", name="other"))
    assert text_of(dock, "answer_other_model").startswith("Not of the model chosen")
    assert "the model chosen for the next run is other." in child(dock, "answer_other_model").toolTip()

    choose_model(dock, model)
    dock.show_result(poor)
    child(dock, "answer_badge").click()
    assert text_of(dock, "answer_badge") == "▾ Demonstration model"
    assert child(dock, "answer_model").isVisibleTo(dock)
    assert "not to be relied on" in child(dock, "answer_badge").accessibleName()
    assert "result of drawn model" in child(dock, "answer_other_model").toolTip()
    assert child(dock, "answer_closeness").isHidden() is not bool(poor.worth.close)


def test_the_tile_under_the_mouse_is_read_for_all_stages(dock, viewer, drawn):
    slide, result = show_slide(viewer, drawn), a_result_of(drawn)
    dock.show_result(result)
    tile = 10
    x_px0, y_px0 = result.tiles.xy_px0[tile] + 5

    move_mouse(viewer, slide.data_to_world((y_px0, x_px0)))
    over_tissue = dock.findChild(ReadoutPanel).texts
    move_mouse(viewer, slide.data_to_world((5, 5)))

    for stage, text in zip(result.prediction.stages, over_tissue, strict=True):
        assert f"{stage.attention[tile]:.3g}" in text
    assert set(dock.findChild(ReadoutPanel).texts) == {"– – – –"}


def test_the_read_out_clears_when_the_mouse_leaves_the_slide(dock, viewer, drawn):
    slide, result = show_slide(viewer, drawn), a_result_of(drawn)
    dock.show_result(result)
    viewer.mouse_over_canvas = True
    move_mouse(viewer, slide.data_to_world(result.tiles.xy_px0[0][::-1] + 5))

    viewer.mouse_over_canvas = False

    assert set(dock.findChild(ReadoutPanel).texts) == {"– – – –"}


def test_a_verdict_of_the_last_second_survives_the_closing_of_the_window(dock, viewer, drawn, tmp_path):
    show_slide(viewer, drawn)
    dock.show_result(a_result_of(drawn))
    dock.show()
    box = child(dock, "verdict_0")
    box.setCurrentText("tumour")
    box.activated.emit(box.currentIndex())

    dock.hide()

    (kept,) = tmp_path.glob("results/*.msm.h5")
    assert load_annotations(kept).verdict_of(0).label == "tumour"


def test_the_table_and_the_layers_go_together(dock, viewer, drawn):
    show_slide(viewer, drawn)
    dock.show_result(a_result_of(drawn))
    heatmaps = [layer for layer in viewer.layers if "stage" in layer.metadata]

    opened = [layer.visible for layer in heatmaps]
    child(dock, "show_1").click()
    unticked = heatmaps[1].visible
    child(dock, "solo_2").click()
    alone = [layer.visible for layer in heatmaps]
    heatmaps[0].visible = True

    assert opened == [True, True, True]
    assert not unticked
    assert alone == [False, False, True]
    assert child(dock, "show_0").isChecked()
    assert not child(dock, "solo_2").isChecked()


def test_the_dock_shows_the_result_of_which_a_layer_is_selected(dock, viewer, drawn):
    show_slide(viewer, drawn)
    first, second = a_result_of(drawn), a_result_of(drawn, seed=1)
    dock.show_result(first)
    dock.show_result(second)
    latest = dock.result

    viewer.layers.selection.active = next(layer for layer in viewer.layers if layer.metadata.get("result") is first)

    assert latest is second
    assert dock.result is first
    assert len([layer for layer in viewer.layers if "result" in layer.metadata]) == 10


def test_removing_a_results_layers_falls_back_to_another_or_to_none(dock, viewer, drawn):
    show_slide(viewer, drawn)
    first, second = a_result_of(drawn), a_result_of(drawn, seed=1)
    dock.show_result(first)
    dock.show_result(second)

    remove_layers_of(viewer, second)
    fallen_back = dock.result
    remove_layers_of(viewer, first)

    assert fallen_back is first
    assert dock.result is None
    assert not child(dock, "export_geojson").isEnabled()


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


def test_results_that_were_dropped_on_the_window_are_shown_too(dock, viewer, drawn, tmp_path, plugin):
    save_result(a_result_of(drawn), tmp_path / "dropped.msm.h5")

    viewer.open(str(tmp_path / "dropped.msm.h5"), plugin="napari-msm-mil")

    assert dock.result is not None
    assert str(tmp_path / "dropped.msm.h5") in text_of(dock, "kept")


def test_a_dock_opened_later_finds_the_results_that_are_there(dock, viewer, drawn, qtbot):
    show_slide(viewer, drawn)
    dock.show_result(a_result_of(drawn))

    later = RunWidget(viewer)
    qtbot.addWidget(later, before_close_func=RunWidget.stop)

    assert later.result is dock.result


def test_the_keyboard_goes_through_the_dock_from_top_to_bottom(dock, viewer, drawn):
    show_slide(viewer, drawn)
    dock.show_result(a_result_of(drawn))

    order = [name for name in focus_order(dock) if name in IN_ORDER]

    assert order == IN_ORDER


def test_every_control_has_a_name_for_people_and_for_tests(dock, viewer, drawn):
    show_slide(viewer, drawn)
    dock.show_result(a_result_of(drawn))
    controls = [w for kind in (QAbstractButton, QComboBox, QAbstractSpinBox) for w in dock.findChildren(kind)]

    for control in controls:
        spoken = control.accessibleName() or (control.text() if isinstance(control, QAbstractButton) else "")
        assert spoken, control.objectName()
        assert control.objectName(), spoken


IN_ORDER = [
    *("slide", "mpp", "model", "browse_model", "about_model", "region", "device", "advanced", "run"),
    *("show_0", "solo_0", "show_1", "solo_1", "show_2", "solo_2", "claimed_visible", "contrast", "contrast_stage"),
    *("export_geojson", "save_result", "open_result"),
]


def move_mouse(viewer, world):
    for callback in viewer.mouse_move_callbacks:
        callback(viewer, SimpleNamespace(position=tuple(world)))


def remove_layers_of(viewer, result):
    for layer in [layer for layer in viewer.layers if layer.metadata.get("result") is result]:
        viewer.layers.remove(layer)


def focus_order(dock):
    widget, names = dock.nextInFocusChain(), []
    while widget is not dock:
        names.append(widget.objectName())
        widget = widget.nextInFocusChain()
    return names
