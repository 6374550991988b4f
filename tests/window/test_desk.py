"""A pathologist at the desk: compares, questions, checks and judges a slide whose truth is known, and comes back."""

import json
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from napari.layers import Image, Vectors
from napari.utils.interactions import mouse_move_callbacks, mouse_press_callbacks, mouse_release_callbacks
from qtpy.QtCore import Qt, QThreadPool
from qtpy.QtWidgets import QFileDialog, QListWidget

from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.progress import finish
from msm_mil_core.results.annotations import load_annotations
from msm_mil_core.results.result_file import load_result, save_result
from napari_msm_mil.files.file_jobs import export
from tests.models import a_bag, a_checkpoint
from tests.results import a_prediction, a_result, block_of_tiles
from tests.seekers import seeker_of
from tests.slides import HOT, a_drawn_slide
from tests.window.dock_user import RUN_MS, a_result_of, child, dock_in, keep_apart, show_slide


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.tiff")


@pytest.fixture(scope="module")
def seeker(drawn, tmp_path_factory):
    return seeker_of(drawn, tmp_path_factory.mktemp("models")).path


@pytest.fixture
def viewer(make_napari_viewer_proxy, monkeypatch, tmp_path):
    keep_apart(monkeypatch, tmp_path)
    yield make_napari_viewer_proxy()
    assert QThreadPool.globalInstance().waitForDone(RUN_MS)


@pytest.fixture
def desk(viewer, drawn, seeker, qtbot):
    """The dock with the result of the drawn slide: its one hot tile decides."""
    show_slide(viewer, drawn)
    dock = dock_in(viewer)
    dock._setup.models.choose(seeker)
    child(dock, "run").click()
    qtbot.waitUntil(lambda: child(dock, "run").text() == "Run", timeout=RUN_MS)
    yield dock
    dock.stop()


def hot_tile(desk, drawn):
    result = desk._showing.result
    return int(np.flatnonzero((result.tiles.xy_px0 == drawn.hot_px0[:2]).all(axis=1))[0])


def centre_of(viewer, desk, tile):
    tiles = desk._showing.result.tiles
    x_px0, y_px0 = tiles.xy_px0[tile] + tiles.side_px0 / 2
    return viewer.layers["drawn"].data_to_world((y_px0, x_px0))


def event_at(kind, world):
    return SimpleNamespace(
        type=kind, button=1, pos=np.array([50.0, 50.0]), position=world, is_dragging=False, modifiers=()
    )


def click(viewer, world):
    event = event_at("mouse_press", world)
    mouse_press_callbacks(viewer, event)
    event.type = "mouse_release"
    mouse_release_callbacks(viewer, event)


def turn_to(desk, name):
    desk._panel.tabs.turn_to(name)


def shown_names(viewer):
    return [layer.name for layer in viewer.layers if layer.visible]


def test_the_gallery_shows_the_drawn_square_first_and_flies_there(desk, viewer, drawn, qtbot):
    turn_to(desk, "Gallery")
    pictures = desk.findChild(QListWidget, "gallery")
    qtbot.waitUntil(lambda: pictures.count() > 0, timeout=RUN_MS)

    pictures.setCurrentRow(0)
    qtbot.waitUntil(lambda: not desk._panel.tile_view.isHidden(), timeout=RUN_MS)

    hot = hot_tile(desk, drawn)
    near = child(desk, "tile_near").pixmap().toImage().pixelColor(80, 80)
    assert pictures.item(0).data(Qt.ItemDataRole.UserRole) == hot
    assert np.abs(np.array([near.red(), near.green(), near.blue()]) - HOT).max() < 12
    assert desk._panel.tile_view.captions == ("128 µm", "512 µm")
    assert desk._panel.readout.heading == "Locked tile"
    np.testing.assert_allclose(viewer.scene.camera.center[-2:], centre_of(viewer, desk, hot), atol=1)
    assert any("Chosen tile" in layer.name for layer in viewer.layers if isinstance(layer, Vectors))


def test_keys_step_through_the_gallery(desk, viewer, qtbot):
    turn_to(desk, "Gallery")
    pictures = desk.findChild(QListWidget, "gallery")
    qtbot.waitUntil(lambda: pictures.count() > 1, timeout=RUN_MS)

    for action in ("next tile", "next tile", "previous tile"):
        desk._keys.pressed.emit(action)

    assert pictures.currentRow() == 0


def test_a_click_locks_a_tile_until_it_is_unlocked(desk, viewer, drawn, qtbot):
    hot = hot_tile(desk, drawn)
    result = desk._showing.result

    click(viewer, centre_of(viewer, desk, hot))
    locked = desk._panel.readout.texts
    mouse_move_callbacks(viewer, event_at("mouse_move", centre_of(viewer, desk, (hot + 1) % len(result.tiles))))
    still = desk._panel.readout.texts

    assert child(desk, "place_0").text() == "1"
    assert child(desk, "place_0").toolTip() == "1 of 16 tiles"
    assert "100.0 %" in locked[0]
    assert f"{result.prediction.stages[0].evidence[hot, 1]:+.3g}" in locked[0]
    assert still == locked
    child(desk, "unlock_tile").click()
    assert not desk._panel.readout.locked


def test_the_evidence_lies_on_the_drawn_square_and_adds_up(desk, viewer, drawn):
    result = desk._showing.result

    child(desk, "evidence_visible").click()

    layer = next(layer for layer in viewer.layers if layer.name.startswith("Evidence for hot"))
    row, col = np.unravel_index(np.nanargmax(layer.data), layer.data.shape)
    x_px0, y_px0 = result.tiles.xy_px0.min(axis=0) + np.array([col, row]) * result.tiles.side_px0
    assert (x_px0, y_px0) == drawn.hot_px0[:2]
    assert layer.contrast_limits[0] == -layer.contrast_limits[1]
    assert f"together {result.prediction.logits[1]:+.3f}, the logit of hot" in desk._panel.evidence.text
    assert not any("rank of attention" in name for name in shown_names(viewer))
    child(desk, "evidence_visible").click()
    assert any("rank of attention" in name for name in shown_names(viewer))


def test_without_the_drawn_square_the_label_flips_and_the_question_is_kept(desk, viewer, drawn, qtbot, tmp_path):
    turn_to(desk, "Ask")
    child(desk, "ask_what").setCurrentText("tiles that I click")
    child(desk, "ask").click()

    click(viewer, centre_of(viewer, desk, hot_tile(desk, drawn)))
    answer = desk._panel.ask.answer.text
    qtbot.keyClicks(child(desk, "ask_name"), "No square?")
    child(desk, "ask_keep").click()
    desk.stop()

    (kept,) = tmp_path.glob("results/*.msm.h5")
    assert desk._showing.result.prediction.winner == "hot"
    assert answer.endswith("the model now says tissue.")
    assert str(load_annotations(kept).questions[0].question) == "No square?"


def test_the_smallest_set_is_the_drawn_square(desk, drawn, qtbot):
    turn_to(desk, "Ask")

    child(desk, "search_flip").click()
    qtbot.waitUntil(lambda: "Removing" in desk._panel.ask.search.text, timeout=RUN_MS)

    assert "Removing 1 tile changes the answer from hot to tissue" in desk._panel.ask.search.text
    assert "the smallest set that changes the answer" in desk._panel.ask.answer.text.lower()


def test_stages_are_compared_and_shown_as_layers(desk, viewer, qtbot):
    turn_to(desk, "Compare")
    qtbot.waitUntil(lambda: bool(desk._panel.compare.findings), timeout=RUN_MS)

    for key, name in (("agreement", "Found by k of 3"), ("winner", "Winner stage"), ("difference", "Stage 1 minus")):
        child(desk, f"map_{key}").click()
        assert any(name in shown for shown in shown_names(viewer)), key
        child(desk, f"map_{key}").click()
        assert not any(name in shown for shown in shown_names(viewer)), key


def test_a_check_tells_what_each_stage_is_worth(desk, viewer, qtbot):
    turn_to(desk, "Check")

    child(desk, "check").click()
    qtbot.waitUntil(lambda: bool(desk._panel.check.effects), timeout=RUN_MS)
    child(desk, "spread_0").click()
    spread = shown_names(viewer)
    child(desk, "spread_0").click()
    child(desk, "attribution_visible").click()
    qtbot.waitUntil(lambda: "Rank correlation with attention" in desk._panel.check.attribution.text, timeout=RUN_MS)

    assert "Removing the one tile of stage 1 lowers P(hot)" in desk._panel.check.effects
    assert any("Spread of rank" in name for name in spread)
    assert any("Integrated gradients" in name for name in shown_names(viewer))


def test_verdicts_questions_and_the_view_come_back_without_computing(desk, viewer, qtbot, tmp_path):
    box = child(desk, "verdict_0")
    box.setCurrentText("tumour")
    box.activated.emit(box.currentIndex())
    child(desk, "ask").click()
    child(desk, "ask_keep").click()
    child(desk, "shared").click()
    child(desk, "show_2").click()
    desk._note_view()
    desk._notes.flush()
    (kept,) = tmp_path.glob("results/*.msm.h5")
    view = desk._showing.stages.view(desk._showing.result)

    viewer.layers.clear()
    desk.open_result(kept)
    qtbot.waitUntil(lambda: desk._showing.result is not None, timeout=RUN_MS)
    qtbot.waitUntil(lambda: desk._showing.stages.view(desk._showing.result) is not None, timeout=RUN_MS)

    assert child(desk, "verdict_0").currentText() == "tumour"
    assert child(desk, "kept_questions").count() == 1
    assert desk._showing.stages.view(desk._showing.result) == view
    assert view.shared_scale


def test_a_note_that_is_half_typed_when_the_window_closes_is_kept(desk, qtbot, tmp_path):
    turn_to(desk, "Verdict")

    qtbot.keyClicks(child(desk, "note_1"), "solid nests, and")
    desk.stop()

    (kept,) = tmp_path.glob("results/*.msm.h5")
    assert load_annotations(kept).verdict_of(1).note == "solid nests, and"


def test_a_result_that_is_dropped_on_napari_looks_as_it_was_left(desk, viewer, tmp_path):
    child(desk, "show_1").click()
    desk._note_view()
    desk._notes.flush()
    (kept,) = tmp_path.glob("results/*.msm.h5")
    viewer.layers.clear()

    viewer.open(str(kept), plugin="napari-msm-mil")

    assert child(desk, "show_1").isChecked()


def test_the_report_holds_verdicts_and_pictures(desk, monkeypatch, qtbot, tmp_path):
    box = child(desk, "verdict_1")
    box.setCurrentText("inflammation")
    box.activated.emit(box.currentIndex())
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "report.html"), ""))

    child(desk, "report").click()
    qtbot.waitUntil(lambda: "Written" in desk._bar.message, timeout=RUN_MS)

    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "inflammation" in page
    assert page.count("data:image/") > 5


def test_verdicts_go_along_to_qupath(desk, monkeypatch, qtbot, tmp_path):
    box = child(desk, "verdict_0")
    box.setCurrentText("tumour")
    box.activated.emit(box.currentIndex())
    desk._desk.failed.connect(lambda error: pytest.fail(str(error)))
    result = desk._showing.result

    finish(export(result, desk._notes.of(result), tmp_path / "out.geojson", GeoJsonOptions()))

    features = json.loads((tmp_path / "out.geojson").read_text())["features"]
    assert any(feature["properties"].get("name") == "Stage 1 top 1 · tumour" for feature in features)


def test_a_slide_that_was_moved_is_asked_for_and_its_maps_still_show(viewer, drawn, qtbot, tmp_path, monkeypatch):
    moved = tmp_path / "elsewhere" / "drawn.tiff"
    moved.parent.mkdir()
    moved.write_bytes(drawn.path.read_bytes())
    result = a_result_of(drawn)
    gone = replace(result, slide=replace(result.slide, path=str(tmp_path / "gone" / "drawn.tiff")))
    save_result(gone, tmp_path / "kept" / "drawn.msm.h5")
    dock = dock_in(viewer)
    dock.open_result(tmp_path / "kept" / "drawn.msm.h5")
    qtbot.waitUntil(lambda: dock._showing.result is not None, timeout=RUN_MS)
    turn_to(dock, "Gallery")
    told = dock._panel.gallery.message
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(moved), ""))

    child(dock, "find_slide").click()
    pictures = dock.findChild(QListWidget, "gallery")
    qtbot.waitUntil(lambda: pictures.count() > 0, timeout=RUN_MS)

    assert "is not open, so its tiles cannot be shown" in told
    assert any(isinstance(layer, Image) and "stage" in layer.metadata for layer in viewer.layers)
    dock.stop()


def test_a_read_only_result_is_looked_at_and_judged_all_the_same(viewer, drawn, qtbot, tmp_path):
    path = tmp_path / "shelf" / "drawn.msm.h5"
    save_result(a_result_of(drawn), path)
    path.chmod(0o444)
    before = path.read_bytes()
    dock = dock_in(viewer)
    dock.open_result(path)
    qtbot.waitUntil(lambda: dock._showing.result is not None, timeout=RUN_MS)

    box = child(dock, "verdict_2")
    box.setCurrentText("artefact")
    box.activated.emit(box.currentIndex())
    dock.stop()

    (copy,) = tmp_path.glob("results/*.msm.h5")
    assert path.read_bytes() == before
    assert load_annotations(copy).verdict_of(2).label == "artefact"
    assert "read-only" in dock._panel.verdicts.saved_text
    assert load_result(copy).created == a_result().created


@pytest.mark.parametrize(
    "changes",
    [{"S": 1}, {"evidence": False}],
    ids=["one stage", "no evidence"],
)
def test_poor_results_say_what_they_lack_and_leave_the_rest(viewer, drawn, qtbot, tmp_path, changes):
    result = a_result_of(drawn, **changes)
    save_result(replace(result, model=replace(result.model, preset="paper")), tmp_path / "poor.msm.h5")
    dock = dock_in(viewer)
    dock.open_result(tmp_path / "poor.msm.h5")
    qtbot.waitUntil(lambda: dock._showing.result is not None, timeout=RUN_MS)

    for name in ("Gallery", "Compare", "Ask", "Check", "Verdict"):
        turn_to(dock, name)

    assert "preset paper" in dock._panel.ask.problem
    assert "preset paper" in dock._panel.check.text
    assert child(dock, "verdict_0").isEnabled()
    assert child(dock, "show_0").isEnabled()
    dock.stop()


def test_a_single_tile_can_be_opened_on_every_page(viewer, qtbot, tmp_path):
    save_result(a_result(block_of_tiles(1, 1), prediction=a_prediction(1)), tmp_path / "one.msm.h5")
    dock = dock_in(viewer)
    dock.open_result(tmp_path / "one.msm.h5")
    qtbot.waitUntil(lambda: dock._showing.result is not None, timeout=RUN_MS)

    for name in ("Gallery", "Compare", "Ask", "Check", "Verdict", "Stages"):
        turn_to(dock, name)
    qtbot.waitUntil(lambda: not dock._rooms._comparing._comparer.busy, timeout=RUN_MS)

    assert child(dock, "show_0").isEnabled()
    dock.stop()


def test_the_window_answers_while_it_is_checked(viewer, qtbot, tmp_path):
    predicted = predict_bag(a_checkpoint(), a_bag(20_000), device="cpu")
    result = replace(
        a_result(block_of_tiles(200, 100), prediction=predicted.prediction), tile_outputs=predicted.tile_outputs
    )
    dock = dock_in(viewer)
    dock._layers.show(result, None)
    turn_to(dock, "Check")

    child(dock, "check").click()
    pauses, last, until = [], time.perf_counter(), time.perf_counter() + 2
    while time.perf_counter() < until:
        qtbot.wait(1)
        now = time.perf_counter()
        pauses.append(now - last)
        last = now
    child(dock, "check_stop").click()

    assert np.percentile(pauses, 95) < 0.1
    dock.stop()
