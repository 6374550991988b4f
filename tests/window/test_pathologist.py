"""A pathologist at a real napari window: open, run, look, cancel, run again, compare, export, come back."""

import json
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtCore import QThreadPool

from msm_mil_core.encoders import batch_reader
from msm_mil_core.results.result_file import load_result
from msm_mil_core.slides.tiling.tile_reader import read_tile
from napari_msm_mil.pages.readout.panel import ReadoutPanel
from tests.slides import a_drawn_slide
from tests.window.dock_user import (
    RUN_MS,
    a_model_file,
    child,
    choose,
    choose_model,
    dock_in,
    export_to,
    keep_apart,
    results_in,
    settle,
    show_slide,
    text_of,
)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.tiff")


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    """The folder of features, which all runs share: each tile is encoded once."""
    return tmp_path_factory.mktemp("features")


@pytest.fixture
def folders(monkeypatch, tmp_path, features):
    """Use folders of the test in place of the user's."""
    keep_apart(monkeypatch, tmp_path, features)


@pytest.fixture
def viewer(make_napari_viewer_proxy, folders):
    yield make_napari_viewer_proxy()
    assert QThreadPool.globalInstance().waitForDone(RUN_MS)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return a_model_file(tmp_path_factory.mktemp("models") / "drawn-model.safetensors")


def test_a_pathologist_compares_what_the_stages_looked_at(viewer, drawn, model, tmp_path, qtbot):
    viewer.open(str(drawn.path), plugin="napari-msm-mil")
    _, dock = viewer.window.add_plugin_dock_widget("napari-msm-mil", "Run MSM-MIL")
    choose_model(dock, model)
    run_button = child(dock, "run")

    run_button.click()  # cancel the first run
    assert run_button.text() == "Cancel"
    assert text_of(dock, "job") == "Running drawn-model on drawn.tiff…"
    run_button.click()
    assert run_button.text() == "Cancelling…"
    wait_until_idle(dock, qtbot)
    assert text_of(dock, "message").startswith("Cancelled: drawn-model on drawn.tiff.")
    assert child(dock, "job").isHidden()
    assert len(viewer.layers) == 1
    assert not list(tmp_path.glob("results/*"))

    run_button.click()  # run again
    wait_until_idle(dock, qtbot)
    assert text_of(dock, "message").startswith("Done: drawn-model on drawn.tiff, 64 tiles")
    heatmaps = [layer for layer in viewer.layers if "stage" in layer.metadata]
    assert len(heatmaps) == 3
    result = dock.result
    (kept,) = tmp_path.glob("results/*.msm.h5")
    assert str(kept) in text_of(dock, "kept")

    x_px0, y_px0 = result.tiles.xy_px0[7] + result.tiles.side_px0 // 2  # hover
    hover(viewer, viewer.layers[0].data_to_world((y_px0, x_px0)))
    for stage, text in zip(result.prediction.stages, dock.findChild(ReadoutPanel).texts, strict=True):
        assert ("hidden" if np.isnan(stage.attention[7]) else f"{stage.attention[7]:.3g}") in text

    child(dock, "solo_1").click()  # solo a stage, and bring the others back
    assert [layer.visible for layer in heatmaps] == [False, True, False]
    child(dock, "solo_1").click()
    assert all(layer.visible for layer in heatmaps)

    export_to(dock, tmp_path / "out.geojson")
    qtbot.waitUntil(lambda: "Written" in text_of(dock, "message"), timeout=RUN_MS)
    features = json.loads((tmp_path / "out.geojson").read_text())["features"]
    assert sum(feature["properties"]["objectType"] == "tile" for feature in features) == 64

    viewer.layers.clear()  # reopen
    assert dock.result is None
    dock.open_result(kept)
    qtbot.waitUntil(lambda: dock.result is not None, timeout=RUN_MS)
    assert viewer.layers[0].name == "drawn"
    np.testing.assert_array_equal(dock.result.prediction.logits, result.prediction.logits)
    child(dock, "run").click()
    wait_until_idle(dock, qtbot)
    assert len(results_in(viewer)) == 2
    assert len({layer.name for layer in viewer.layers}) == len(viewer.layers)


def test_a_region_limits_the_run_to_its_tiles(viewer, drawn, model, qtbot):
    slide = show_slide(viewer, drawn)
    corners = np.array([[256, 512], [256, 1024], [768, 1024], [768, 512]])
    viewer.add_shapes([corners * 0.5], shape_type="polygon", name="mine", units=slide.units)
    dock = a_dock(viewer, model)
    child(dock, "region").setCurrentText("mine")

    child(dock, "run").click()
    wait_until_idle(dock, qtbot)

    xy_px0 = dock.result.tiles.xy_px0
    assert len(xy_px0) == 16
    assert xy_px0.min(axis=0).tolist() == [512, 256]
    assert xy_px0.max(axis=0).tolist() == [1024 - 128, 768 - 128]


def test_a_typed_pixel_size_is_used_and_recorded(viewer, model, tmp_path, qtbot):
    bare = a_drawn_slide(tmp_path / "bare.tiff", mpp=None)
    slide = show_slide(viewer, bare)
    dock = a_dock(viewer, model)
    child(dock, "mpp").setValue(0.5)

    child(dock, "run").click()
    wait_until_idle(dock, qtbot)

    facts = dock.result.slide
    assert (facts.mpp, facts.mpp_origin) == (0.5, "user")
    assert [str(unit) for unit in slide.units] == ["micrometer", "micrometer"]
    assert {tuple(map(str, layer.units)) for layer in viewer.layers} == {("micrometer", "micrometer")}


def test_an_error_of_the_run_is_shown_once_in_the_dock_and_as_a_notification(viewer, drawn, tmp_path, qtbot, notes):
    show_slide(viewer, drawn)
    dock = a_dock(viewer, a_model_file(tmp_path / "other.safetensors", encoder="no-such-encoder"))

    child(dock, "run").click()
    wait_until_idle(dock, qtbot)

    assert "no-such-encoder" in text_of(dock, "message")
    assert notes == [("error", text_of(dock, "message"))]
    assert child(dock, "run").isEnabled()


def test_removing_the_slide_during_the_run_loses_nothing(viewer, drawn, model, tmp_path, qtbot):
    show_slide(viewer, drawn)
    dock = a_dock(viewer, model)

    child(dock, "run").click()
    viewer.layers.clear()
    wait_until_idle(dock, qtbot)

    assert "closed during the run" in text_of(dock, "message")
    assert len(viewer.layers) == 0
    assert len(load_result(next(tmp_path.glob("results/*.msm.h5"))).tiles) == 64
    child(dock, "offer").click()
    qtbot.waitUntil(lambda: dock.result is not None, timeout=RUN_MS)
    assert [layer.name for layer in viewer.layers if "slide" in layer.metadata] == ["drawn"]


@pytest.mark.parametrize("removed", [False, True])
def test_of_two_layers_of_a_slide_the_one_that_was_run_gets_the_maps(viewer, drawn, model, qtbot, removed):
    first, second = show_slide(viewer, drawn), show_slide(viewer, drawn)
    second.name, second.translate = "moved", (4000, 0)
    dock = a_dock(viewer, model)
    choose(dock, "slide", 1)

    child(dock, "run").click()
    viewer.layers.selection.active = first
    if removed:
        viewer.layers.remove(second)
    wait_until_idle(dock, qtbot)

    stage = next(layer for layer in viewer.layers if "stage" in layer.metadata)
    assert (stage.extent.world[0][0] > 3900) is not removed
    assert ("The layer moved was removed during the run" in text_of(dock, "message")) is removed


def test_a_result_that_cannot_be_saved_is_shown_all_the_same(viewer, drawn, model, tmp_path, qtbot, notes):
    show_slide(viewer, drawn)
    dock = a_dock(viewer, model)
    (tmp_path / "results").write_text("a file where the folder should be")

    child(dock, "run").click()
    wait_until_idle(dock, qtbot)

    assert len(results_in(viewer)) == 1
    assert notes == [("error", text_of(dock, "message"))]
    assert "Cannot write" in notes[0][1]
    assert "Save result" in text_of(dock, "kept")


@pytest.fixture
def long_run(monkeypatch, tmp_path, folders):
    """Tiles that are read slowly and are in no cache, so that a run is not over before it is stopped."""
    keep_apart(monkeypatch, tmp_path)

    def read_slowly(*place):
        time.sleep(0.1)
        return read_tile(*place)

    monkeypatch.setattr(batch_reader, "read_tile", read_slowly)


@pytest.mark.usefixtures("long_run")
def test_closing_the_dock_stops_its_run(viewer, drawn, model, tmp_path, qtbot):
    show_slide(viewer, drawn)
    dock = a_dock(viewer, model)
    child(dock, "run").click()
    qtbot.waitUntil(lambda: text_of(dock, "pace") != "", timeout=RUN_MS)

    viewer.window.remove_dock_widget(dock)
    viewer.add_shapes()
    hover(viewer, (0.0, 0.0))

    settle()
    assert not list(tmp_path.glob("results/*"))
    assert len(viewer.layers) == 2


@pytest.mark.usefixtures("long_run")
def test_closing_the_window_stops_the_run(make_napari_viewer, drawn, model, tmp_path, qtbot):
    viewer = make_napari_viewer()
    show_slide(viewer, drawn)
    dock = a_dock(viewer, model)
    child(dock, "run").click()
    qtbot.waitUntil(lambda: text_of(dock, "pace") != "", timeout=RUN_MS)

    viewer.close()

    assert QThreadPool.globalInstance().waitForDone(RUN_MS)
    assert not list(tmp_path.glob("results/*"))


def test_two_docks_may_run_the_same_slide_at_once(viewer, drawn, model, tmp_path, qtbot):
    show_slide(viewer, drawn)
    docks = [a_dock(viewer, model) for _ in range(2)]

    for dock in docks:
        child(dock, "run").click()
    for dock in docks:
        wait_until_idle(dock, qtbot)

    (kept,) = tmp_path.glob("results/*.msm.h5")
    assert len(load_result(kept).tiles) == 64
    assert len(results_in(viewer)) == 2


def test_the_dock_opens_without_torch():
    words = "import sys, napari_msm_mil.dock.run_widget; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-W", "ignore", "-c", words], check=False).returncode == 0


def a_dock(viewer, model):
    dock = dock_in(viewer)
    choose_model(dock, model)
    return dock


def wait_until_idle(dock, qtbot):
    qtbot.waitUntil(lambda: text_of(dock, "run") == "Run", timeout=RUN_MS)


def hover(viewer, world):
    for callback in viewer.mouse_move_callbacks:
        callback(viewer, SimpleNamespace(position=tuple(world)))
