"""Use features from…: chosen, checked against slide and model before the run, run in a moment, and cleared."""

from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QFileDialog

from msm_mil_core.results.result_file import load_result, save_result
from napari_msm_mil._reader import get_reader
from napari_msm_mil.dock.run_widget import RunWidget
from tests.slides import a_drawn_slide
from tests.window.dock_user import (
    a_features_file,
    a_model_file,
    child,
    choose_model,
    open_dock,
    open_page,
    results_in,
    settle,
    show_slide,
    text_of,
)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.tiff")


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


def choose(dock: RunWidget, monkeypatch, named: Path) -> None:
    """Choose a file or a folder in its dialog, as a user does."""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(named), ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(named))
    actions = {action.text(): action for action in child(dock, "features_from").menu().actions()}
    actions["Folder…" if named.is_dir() else "File…"].trigger()
    settle()


def test_features_of_a_folder_are_found_checked_and_run(dock, viewer, drawn, tmp_path, monkeypatch, qtbot):
    slide = show_slide(viewer, drawn)
    a_features_file(tmp_path / "features" / "drawn_features.h5")

    choose(dock, monkeypatch, tmp_path / "features")
    assert text_of(dock, "features_name") == "features"
    assert text_of(dock, "features_said") == (
        "drawn_features.h5: 36 tiles × 1,280 features of efficientnet_lite0. They fit the model."
    )
    child(dock, "run").click()
    qtbot.waitUntil(lambda: results_in(viewer) != [])
    settle()

    (result,) = results_in(viewer)
    assert result.slide.name == slide.metadata["facts"].name
    assert (len(result.tiles), result.options["features"]["file"]) == (36, "drawn_features.h5")
    assert text_of(dock, "message").startswith("Done: drawn-model on drawn.tiff, 36 tiles")


def test_overlapping_tiles_are_averaged_and_the_legend_says_so(dock, viewer, drawn, tmp_path, monkeypatch, qtbot):
    show_slide(viewer, drawn)
    choose(dock, monkeypatch, a_features_file(tmp_path / "drawn.h5", side_px=128))

    assert "128 px at 1 µm per pixel" in text_of(dock, "features_said")
    choose_model(dock, a_model_file(tmp_path / "large.safetensors", side_px=128))
    settle()
    child(dock, "run").click()
    qtbot.waitUntil(lambda: results_in(viewer) != [])
    settle()

    assert text_of(dock, "legend").endswith(
        "Tiles overlap: where several cover a place, the mean of their values is drawn."
    )
    stage = next(layer for layer in viewer.layers if layer.metadata.get("stage") == 0)
    assert stage.data.shape == (7, 7)  # six tiles of two cells, half over each other


def test_what_does_not_fit_is_said_before_the_run(dock, viewer, drawn, tmp_path, monkeypatch):
    show_slide(viewer, drawn)

    choose(dock, monkeypatch, a_features_file(tmp_path / "short.h5", length=8))

    said = text_of(dock, "features_said")
    assert "8 features per tile of efficientnet_lite0, but the model drawn model was trained on 1280" in said
    assert not child(dock, "run").isEnabled()
    assert child(dock, "features_same_encoder").isHidden()
    child(dock, "features_clear").click()
    settle()
    assert (text_of(dock, "features_name"), text_of(dock, "features_said")) == ("", "")
    assert child(dock, "run").isEnabled()


def test_another_name_of_the_models_encoder_is_confirmed_by_the_user(dock, viewer, drawn, tmp_path, monkeypatch):
    show_slide(viewer, drawn)
    choose(dock, monkeypatch, a_features_file(tmp_path / "ours.h5", encoder="our network"))
    assert not child(dock, "run").isEnabled()

    child(dock, "features_same_encoder").click()
    settle()

    assert child(dock, "run").isEnabled()
    assert "of efficientnet-lite0. They fit" in text_of(dock, "features_said")


def test_other_slides_and_models_are_checked_again(dock, viewer, drawn, tmp_path, monkeypatch):
    a_features_file(tmp_path / "features" / "drawn.h5")
    other = a_drawn_slide(tmp_path / "other.tiff")
    show_slide(viewer, other)
    choose(dock, monkeypatch, tmp_path / "features")
    assert "no features of other.tiff" in text_of(dock, "features_said")

    show_slide(viewer, drawn)
    child(dock, "slide").setCurrentIndex(1)
    settle()
    assert "They fit" in text_of(dock, "features_said")

    choose_model(dock, a_model_file(tmp_path / "coarse.safetensors", mpp=2.0))
    settle()
    assert "64 px at 1 µm per pixel, but the model" in text_of(dock, "features_said")


def test_features_alone_are_shown_on_a_blank_canvas(dock, viewer, tmp_path, monkeypatch, qtbot):
    choose(dock, monkeypatch, a_features_file(tmp_path / "far.h5"))
    assert not child(dock, "run").isEnabled()
    assert "does not state how many micrometres a pixel" in text_of(dock, "features_said")
    assert child(dock, "mpp").text() == "as the features say"

    child(dock, "mpp").setValue(0.5)
    settle()
    assert "They fit the model." in text_of(dock, "features_said")
    child(dock, "run").click()
    qtbot.waitUntil(lambda: results_in(viewer) != [])
    settle()

    (result,) = results_in(viewer)
    blank = viewer.layers[0]
    assert (blank.metadata["facts"], blank.rgb) == (result.slide, True)
    assert (np.asarray(blank.data[-1])[..., :3] == 255).all()
    stage = next(layer for layer in viewer.layers if layer.metadata.get("stage") == 0)
    assert stage.data_to_world((0, 0)) == pytest.approx(((256 + 63.5) * 0.5, (512 + 63.5) * 0.5))
    assert "There is no slide of far" in text_of(dock, "result_facts")
    open_page(dock, "Gallery")
    settle()
    assert text_of(dock, "gallery_message") == "There is no slide of far, only features: its tiles cannot be shown."
    assert child(dock, "find_slide").isHidden()
    child(dock, "features_clear").click()
    assert not child(dock, "run").isEnabled()


def test_a_saved_result_without_a_slide_opens_on_a_blank_canvas(dock, viewer, tmp_path, monkeypatch, qtbot):
    choose(dock, monkeypatch, a_features_file(tmp_path / "far.h5"))
    child(dock, "mpp").setValue(0.5)
    settle()
    child(dock, "run").click()
    qtbot.waitUntil(lambda: results_in(viewer) != [])
    settle()
    save_result(results_in(viewer)[0], tmp_path / "far.msm.h5")

    layers = get_reader(str(tmp_path / "far.msm.h5"))(str(tmp_path / "far.msm.h5"))

    assert layers[0][1]["metadata"]["facts"] == load_result(tmp_path / "far.msm.h5").slide
    viewer.layers.clear()
    dock.open_result(tmp_path / "far.msm.h5")
    settle()
    assert viewer.layers[0].metadata["facts"].has_slide is False
