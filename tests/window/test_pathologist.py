"""A pathologist at a real napari window: open, run, look, cancel, run again, compare, export, come back."""

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtCore import QThreadPool
from qtpy.QtWidgets import QDialogButtonBox

from msm_mil_core.results.result_file import load_result
from napari_msm_mil.files.export_dialog import ExportDialog
from tests.slides import a_drawn_slide
from tests.window.dock_user import RUN_MS, a_model_file, child, dock_in, keep_apart, show_slide


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.tiff")


@pytest.fixture
def viewer(make_napari_viewer_proxy, monkeypatch, tmp_path):
    keep_apart(monkeypatch, tmp_path)
    yield make_napari_viewer_proxy()
    assert QThreadPool.globalInstance().waitForDone(RUN_MS)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return a_model_file(tmp_path_factory.mktemp("models") / "drawn-model.safetensors")


def test_a_pathologist_compares_what_the_stages_looked_at(viewer, drawn, model, tmp_path, qtbot):
    viewer.open(str(drawn.path), plugin="napari-msm-mil")
    _, dock = viewer.window.add_plugin_dock_widget("napari-msm-mil", "Run MSM-MIL")
    dock._setup.models.choose(model)
    run_button = child(dock, "run")

    run_button.click()  # cancel the first run
    assert run_button.text() == "Cancel"
    run_button.click()
    assert run_button.text() == "Cancelling…"
    wait_until_idle(dock, qtbot)
    assert "Cancelled" in dock._bar.message
    assert len(viewer.layers) == 1
    assert not list(tmp_path.glob("results/*"))

    run_button.click()  # run again
    wait_until_idle(dock, qtbot)
    assert dock._bar.message.startswith("Done: 64 tiles")
    heatmaps = [layer for layer in viewer.layers if "stage" in layer.metadata]
    assert len(heatmaps) == 3
    result = dock._showing.result
    (kept,) = tmp_path.glob("results/*.msm.h5")
    assert str(kept) in dock._panel.kept_text

    x_px0, y_px0 = result.tiles.xy_px0[7] + result.tiles.side_px0 // 2  # hover
    hover(viewer, viewer.layers[0].data_to_world((y_px0, x_px0)))
    for stage, text in zip(result.prediction.stages, dock._panel.readout.texts, strict=True):
        assert ("not shown" if np.isnan(stage.attention[7]) else f"{stage.attention[7]:.3g}") in text

    child(dock, "solo_1").click()  # solo a stage, and bring the others back
    assert [layer.visible for layer in heatmaps] == [False, True, False]
    child(dock, "solo_1").click()
    assert [layer.visible for layer in heatmaps] == [True, False, False]

    child(dock, "export_geojson").click()  # export
    dialog = dock.findChild(ExportDialog)
    child(dialog, "export_path").setText(str(tmp_path / "out.geojson"))
    next(each for each in dialog.findChild(QDialogButtonBox).buttons() if each.text() == "Export").click()
    qtbot.waitUntil(lambda: "Written" in dock._bar.message, timeout=RUN_MS)
    features = json.loads((tmp_path / "out.geojson").read_text())["features"]
    assert sum(feature["properties"]["objectType"] == "tile" for feature in features) == 64

    viewer.layers.clear()  # reopen
    assert dock._showing.result is None
    dock.open_result(kept)
    qtbot.waitUntil(lambda: dock._showing.result is not None, timeout=RUN_MS)
    assert viewer.layers[0].name == "drawn"
    np.testing.assert_array_equal(dock._showing.result.prediction.logits, result.prediction.logits)
    child(dock, "run").click()
    wait_until_idle(dock, qtbot)
    assert len(dock._layers.results()) == 2
    assert len({layer.name for layer in viewer.layers}) == len(viewer.layers)


def test_a_region_limits_the_run_to_its_tiles(viewer, drawn, model, qtbot):
    slide = show_slide(viewer, drawn)
    corners = np.array([[256, 512], [256, 1024], [768, 1024], [768, 512]])
    viewer.add_shapes([corners * 0.5], shape_type="polygon", name="mine", units=slide.units)
    dock = a_dock(viewer, model)
    child(dock, "region").setCurrentText("mine")

    child(dock, "run").click()
    wait_until_idle(dock, qtbot)

    xy_px0 = dock._showing.result.tiles.xy_px0
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

    facts = dock._showing.result.slide
    assert (facts.mpp, facts.mpp_origin) == (0.5, "user")
    assert [str(unit) for unit in slide.units] == ["micrometer", "micrometer"]
    assert {tuple(map(str, layer.units)) for layer in viewer.layers} == {("micrometer", "micrometer")}


def test_an_error_of_the_run_is_told_once_in_the_dock_and_as_a_notification(viewer, drawn, tmp_path, qtbot, notes):
    show_slide(viewer, drawn)
    dock = a_dock(viewer, a_model_file(tmp_path / "other.safetensors", encoder="no-such-encoder"))

    child(dock, "run").click()
    wait_until_idle(dock, qtbot)

    assert "no-such-encoder" in dock._bar.message
    assert notes == [("error", dock._bar.message)]
    assert child(dock, "run").isEnabled()


def test_removing_the_slide_during_the_run_loses_nothing(viewer, drawn, model, tmp_path, qtbot):
    show_slide(viewer, drawn)
    dock = a_dock(viewer, model)

    child(dock, "run").click()
    viewer.layers.clear()
    wait_until_idle(dock, qtbot)

    assert "removed during the run" in dock._bar.message
    assert len(viewer.layers) == 0
    assert len(load_result(next(tmp_path.glob("results/*.msm.h5"))).tiles) == 64


def test_closing_the_dock_stops_its_run(viewer, drawn, model, tmp_path, qtbot):
    show_slide(viewer, drawn)
    dock = a_dock(viewer, model)
    child(dock, "run").click()
    with qtbot.waitSignal(dock._runner.progressed, timeout=RUN_MS):
        pass

    viewer.window.remove_dock_widget(dock)
    viewer.add_shapes()
    hover(viewer, (0.0, 0.0))

    qtbot.waitUntil(lambda: not dock._runner.busy, timeout=RUN_MS)
    assert not list(tmp_path.glob("results/*"))
    assert len(viewer.layers) == 2


def test_closing_the_window_stops_the_run(make_napari_viewer, drawn, model, monkeypatch, tmp_path, qtbot):
    keep_apart(monkeypatch, tmp_path)
    viewer = make_napari_viewer()
    show_slide(viewer, drawn)
    dock = a_dock(viewer, model)
    child(dock, "run").click()
    with qtbot.waitSignal(dock._runner.progressed, timeout=RUN_MS):
        pass

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
    assert len(docks[0]._layers.results()) == 2


def test_the_dock_opens_without_torch():
    words = "import sys, napari_msm_mil.dock.run_widget; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-W", "ignore", "-c", words], check=False).returncode == 0


def a_dock(viewer, model):
    dock = dock_in(viewer)
    dock._setup.models.choose(model)
    return dock


def wait_until_idle(dock, qtbot):
    qtbot.waitUntil(lambda: dock._bar.state == "Run", timeout=RUN_MS)


def hover(viewer, world):
    for callback in viewer.mouse_move_callbacks:
        callback(viewer, SimpleNamespace(position=tuple(world)))
