"""The dock with results: what it shows, and that nothing is lost."""

from dataclasses import replace
from types import SimpleNamespace

from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox

from msm_mil_core.mil.model_file.checkpoint import load_checkpoint
from msm_mil_core.results.annotations import load_annotations
from msm_mil_core.results.result_file import save_result
from napari_msm_mil.dock.run_widget import RunWidget
from napari_msm_mil.pages.readout.panel import ReadoutPanel
from tests.window.dock_user import (
    a_model_file,
    a_result_of,
    child,
    choose_model,
    show_slide,
    text_of,
)

NOTES = ("answer_closeness", "answer_other_model")
IN_ORDER = [
    *("slide", "mpp", "model", "browse_model", "about_model", "region", "device", "advanced", "run"),
    *("show_0", "solo_0", "show_1", "solo_1", "show_2", "solo_2", "claimed_visible", "contrast", "contrast_stage"),
    *("export_geojson", "save_result", "open_result"),
]


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
