"""The setup of a run: what it asks, what it refuses, and what stays chosen."""

import numpy as np

from napari_msm_mil.dock.run_widget import RunWidget
from napari_msm_mil.run.model_picker import ModelPicker
from napari_msm_mil.run.recent_models import recent_models
from tests.window.dock_user import (
    RUN_MS,
    child,
    choose_model,
    show_slide,
    text_of,
)


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
