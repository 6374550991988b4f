"""A pathologist at the desk: compares, questions, checks and annotates a slide whose truth is known, and reopens it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from napari.layers import Image, Vectors
from napari.utils.interactions import mouse_move_callbacks, mouse_press_callbacks, mouse_release_callbacks
from qtpy.QtCore import Qt, QThreadPool, QTimer
from qtpy.QtWidgets import QDialogButtonBox, QFileDialog, QLabel, QListWidget

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.explain.evidence import evidence_of
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.pipeline import analyse
from msm_mil_core.progress import finish
from msm_mil_core.results.annotations import load_annotations
from msm_mil_core.results.result_file import load_result, save_result
from msm_mil_core.slides.slide import open_slide
from napari_msm_mil.dock.shortcuts import Shortcuts
from napari_msm_mil.files.annotation_store import AnnotationStore
from napari_msm_mil.files.export_dialog import ExportDialog
from napari_msm_mil.layers.display_writer import read_display
from napari_msm_mil.layers.layer_search import result_layers
from napari_msm_mil.layers.saved_view import view_of
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from tests.models import a_bag, a_checkpoint
from tests.results import a_prediction, a_result, block_of_tiles
from tests.seekers import seeker_of
from tests.slides import HOT
from tests.window.dock_user import RUN_MS, a_result_of, child, choose, dock_in


@pytest.fixture(scope="module")
def analysed(drawn, tmp_path_factory):
    """The file of a result of the drawn slide: its one hot tile decides."""
    folder = tmp_path_factory.mktemp("analysed")
    checkpoint = seeker_of(drawn, folder)
    with open_slide(drawn.path) as slide:
        result = finish(analyse(slide, checkpoint, AnalysisOptions()))
    save_result(result, folder / "drawn.msm.h5")
    return folder / "drawn.msm.h5"


@pytest.fixture
def viewer(napari_viewer):
    return napari_viewer


@pytest.fixture
def open_dock(viewer, qtbot):
    """Open docks, with a result each; they are stopped after the test."""
    docks = []

    def open_dock(file):
        docks.append(dock_in(viewer))
        docks[-1].open_result(file)
        qtbot.waitUntil(lambda: child(docks[-1], "tabs").isVisibleTo(docks[-1]), timeout=RUN_MS)
        return docks[-1]

    yield open_dock
    for dock in docks:
        dock.stop()


@pytest.fixture
def file(analysed, tmp_path):
    """A copy of the result, among those of the user."""
    (tmp_path / "results").mkdir()
    return Path(shutil.copy(analysed, tmp_path / "results"))


@pytest.fixture
def desk(open_dock, file):
    return open_dock(file)


def result_in(viewer):
    """Return the one result whose layers the viewer has."""
    (result,) = {
        id(layer.metadata["result"]): layer.metadata["result"] for layer in result_layers(viewer.layers)
    }.values()
    return result


def hot_tile(viewer, drawn):
    return int(np.flatnonzero((result_in(viewer).tiles.xy_px0 == drawn.hot_px0[:2]).all(axis=1))[0])


def centre_of(viewer, tile):
    tiles = result_in(viewer).tiles
    x_px0, y_px0 = tiles.xy_px0[tile] + tiles.side_px0 / 2
    return viewer.layers["drawn"].data_to_world((y_px0, x_px0))


def text(desk, name):
    return child(desk, name).text()


def texts(desk):
    return {label.text() for label in desk.findChildren(QLabel)}


def read_out(desk):
    """Return what is said of a tile, stage by stage."""
    names = sorted(label.objectName() for label in child(desk, "place_0").parent().findChildren(QLabel))
    return [" ".join(text(desk, name) for name in names if name.endswith(f"_{stage}")) for stage in range(3)]


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
    tabs = child(desk, "tabs")
    tabs.setCurrentIndex([tabs.tabText(index) for index in range(tabs.count())].index(name))


def save_view(desk, viewer, qtbot):
    """Wait until the view is noted, and save it."""
    annotations, result = desk.findChild(AnnotationStore), result_in(viewer)
    view = view_of(read_display(result_layers(viewer.layers, result)))
    qtbot.waitUntil(lambda: annotations.annotations(result).view == view, timeout=RUN_MS)
    annotations.flush()
    return view


def shown_names(viewer):
    return [layer.name for layer in viewer.layers if layer.visible]


def test_the_gallery_shows_the_drawn_square_first_and_flies_there(desk, viewer, drawn, qtbot):
    turn_to(desk, "Gallery")
    pictures = desk.findChild(QListWidget, "gallery")
    qtbot.waitUntil(lambda: pictures.count() > 0, timeout=RUN_MS)

    pictures.setCurrentRow(0)
    qtbot.waitUntil(lambda: child(desk, "tile_near").isVisibleTo(desk), timeout=RUN_MS)

    hot = hot_tile(viewer, drawn)
    near = child(desk, "tile_near").pixmap().toImage().pixelColor(80, 80)
    assert pictures.item(0).data(Qt.ItemDataRole.UserRole) == hot
    assert np.abs(np.array([near.red(), near.green(), near.blue()]) - HOT).max() < 12
    assert {"128 µm", "512 µm"} <= texts(desk)
    assert "Locked tile" in texts(desk)
    np.testing.assert_allclose(viewer.scene.camera.center[-2:], centre_of(viewer, hot), atol=1)
    assert any("Chosen tile" in layer.name for layer in viewer.layers if isinstance(layer, Vectors))


def test_keys_step_through_the_gallery(desk, qtbot):
    turn_to(desk, "Gallery")
    pictures = desk.findChild(QListWidget, "gallery")
    qtbot.waitUntil(lambda: pictures.count() > 1, timeout=RUN_MS)

    for action in ("next tile", "next tile", "previous tile"):
        desk.findChild(Shortcuts).pressed.emit(action)

    assert pictures.currentRow() == 0


def test_a_click_locks_a_tile_until_it_is_unlocked(desk, viewer, drawn):
    hot = hot_tile(viewer, drawn)
    result = result_in(viewer)

    click(viewer, centre_of(viewer, hot))
    locked = read_out(desk)
    mouse_move_callbacks(viewer, event_at("mouse_move", centre_of(viewer, (hot + 1) % len(result.tiles))))
    still = read_out(desk)

    assert child(desk, "place_0").text() == "1"
    assert child(desk, "place_0").toolTip() == "1 of 16 tiles; attention is not higher in 100.0 %"
    assert "100.0 %" in locked[0]
    assert f"{evidence_of(result.prediction, 1, 0)[hot]:+.3g}" in locked[0]
    assert still == locked
    child(desk, "unlock_tile").click()
    assert not child(desk, "unlock_tile").isVisibleTo(desk)


def test_the_evidence_lies_on_the_drawn_square_and_adds_up(desk, viewer, drawn):
    result = result_in(viewer)

    child(desk, "evidence_visible").click()

    layer = next(layer for layer in viewer.layers if layer.name.startswith("Evidence for hot"))
    row, col = np.unravel_index(np.nanargmax(layer.data), layer.data.shape)
    x_px0, y_px0 = result.tiles.xy_px0.min(axis=0) + np.array([col, row]) * result.tiles.side_px0
    assert (x_px0, y_px0) == drawn.hot_px0[:2]
    assert layer.contrast_limits[0] == -layer.contrast_limits[1]
    log_odds = result.prediction.logits[1] - result.prediction.logits[0]
    assert f"together {log_odds:+.3f}, the log-odds of hot over tissue" in text(desk, "evidence_text")
    assert not any("rank" in name for name in shown_names(viewer))
    child(desk, "evidence_visible").click()
    assert sum("rank" in name for name in shown_names(viewer)) == 3


def test_the_window_opens_with_all_stages_and_what_each_is_for(desk, viewer, qtbot):
    qtbot.waitUntil(lambda: bool(text(desk, "role_0")), timeout=RUN_MS)

    shown = shown_names(viewer)
    assert [f"{n} rank, top 5 %" in shown for n in (1, 2, 3)] == [True, True, True]
    assert "Claimed tiles" in shown
    assert child(desk, "view_all").isChecked()
    assert text(desk, "role_0") == "context"  # of 16 tiles one is never beyond chance
    assert child(desk, "role_0").toolTip().startswith("Stage 1 looks at 1 tile that argues for hot")
    assert child(desk, "tile_stage_0").text() == "1 · context"
    assert "1 (context)" in text(desk, "legend")


def test_evidence_one_stage_and_all_stages_are_one_press_away_each(desk, viewer):
    opened = shown_names(viewer)

    child(desk, "view_evidence").click()
    evidence, explained = shown_names(viewer), text(desk, "view_text")
    child(desk, "solo_2").click()
    third = shown_names(viewer)
    child(desk, "view_evidence").click()
    again = shown_names(viewer)
    child(desk, "view_one").click()
    one = shown_names(viewer)
    child(desk, "view_all").click()

    assert evidence == again == ["drawn", "Claimed tiles", "Evidence for hot, all stages"]
    assert explained == "Orange tiles speak for the class, blue ones against it; clear ones say nothing."
    assert third == one == ["drawn", "3 rank", "Claimed tiles"]
    assert shown_names(viewer) == opened
    assert [child(desk, f"view_{name}").isChecked() for name in ("all", "one", "evidence")] == [True, False, False]


def test_the_old_ways_to_look_are_one_press_away_from_all_stages(desk, viewer):
    opened = shown_names(viewer)

    child(desk, "blink").click()
    blinking = shown_names(viewer)
    child(desk, "blink").click()
    child(desk, "side_by_side").click()
    cells = [layer.metadata["stage"] for layer in viewer.layers if layer.visible and "stage" in layer.metadata]
    child(desk, "side_by_side").click()

    assert blinking == ["drawn", "1 rank", "Claimed tiles"]
    assert cells == [0, 1, 2]
    assert shown_names(viewer) == opened


def test_roles_are_those_for_the_chosen_class(desk, qtbot):
    qtbot.waitUntil(lambda: bool(text(desk, "role_0")), timeout=RUN_MS)
    answered = child(desk, "role_0").toolTip()

    choose(desk, "evidence_class", 0)
    unknown = text(desk, "role_0")
    qtbot.waitUntil(lambda: bool(text(desk, "role_0")), timeout=RUN_MS)

    assert "argues for hot" in answered
    assert unknown == ""
    assert "argues against tissue" in child(desk, "role_0").toolTip()
    assert child(desk, "view_evidence").accessibleName() == "Evidence for tissue"
    assert child(desk, "view_evidence").isChecked()


def test_a_model_that_attends_to_all_tiles_alike_opens_with_its_evidence(drawn, viewer, tmp_path, qtbot, open_dock):
    result = a_result_of(drawn, S=1)
    result.prediction.stages[0].attention[:] = 1 / len(result.tiles)
    save_result(result, tmp_path / "mean.msm.h5")

    dock = open_dock(tmp_path / "mean.msm.h5")
    qtbot.waitUntil(lambda: child(dock, "view_evidence").isChecked(), timeout=RUN_MS)

    evidence = f"Evidence for {result.prediction.winner}, all stages"
    assert shown_names(viewer) == ["drawn", "Claimed tiles", evidence]
    assert not child(dock, "view_one").isEnabled()


def test_without_the_drawn_square_the_label_flips_and_the_question_is_kept(desk, viewer, drawn, qtbot, tmp_path):
    turn_to(desk, "Ask")
    child(desk, "ask_what").setCurrentText("tiles that I click")
    child(desk, "ask").click()

    click(viewer, centre_of(viewer, hot_tile(viewer, drawn)))
    answer = text(desk, "ask_answer")
    qtbot.keyClicks(child(desk, "ask_name"), "No square?")
    child(desk, "ask_keep").click()
    desk.stop()

    (kept,) = tmp_path.glob("results/*.msm.h5")
    assert result_in(viewer).prediction.winner == "hot"
    assert answer.endswith("the model now says tissue.")
    assert str(load_annotations(kept).questions[0].question) == "No square?"


def test_the_set_that_decides_is_the_drawn_square_and_its_outline_can_be_removed(desk, viewer, qtbot):
    turn_to(desk, "Ask")

    child(desk, "search_flip").click()
    qtbot.waitUntil(lambda: "Removing" in text(desk, "search_text"), timeout=RUN_MS)

    assert "Removing 1 tile changes the answer from hot to tissue" in text(desk, "search_text")
    assert text(desk, "outlined_flip") == "Tiles that change the answer"
    child(desk, "remove_flip").click()
    assert desk.findChild(QLabel, "outlined_flip") is None or not child(desk, "outline_legend").isVisibleTo(desk)
    assert not any("change the answer" in name for name in shown_names(viewer))
    assert "the tiles that change the answer" in text(desk, "ask_answer").lower()


def test_stages_are_compared_and_shown_as_layers(desk, viewer, qtbot):
    turn_to(desk, "Compare")
    qtbot.waitUntil(lambda: bool(text(desk, "findings")), timeout=RUN_MS)

    for key, name in (("agreement", "Found by"), ("winner", "Stage that attends"), ("difference", "1 minus 2")):
        child(desk, f"map_{key}").click()
        assert any(name in shown for shown in shown_names(viewer)), key
        child(desk, f"map_{key}").click()
        assert not any(name in shown for shown in shown_names(viewer)), key


def test_a_check_shows_what_each_stage_is_worth(desk, viewer, qtbot):
    turn_to(desk, "Check")

    child(desk, "check").click()
    qtbot.waitUntil(lambda: bool(text(desk, "check_effects")), timeout=RUN_MS)
    child(desk, "spread_0").click()
    spread = shown_names(viewer)
    child(desk, "spread_0").click()
    child(desk, "attribution_visible").click()
    qtbot.waitUntil(lambda: "Rank correlation with attention" in text(desk, "attribution_text"), timeout=RUN_MS)

    assert "Removing the one tile of stage 1 lowers P(hot)" in text(desk, "check_effects")
    assert any("spread of rank" in name for name in spread)
    assert any("Integrated gradients" in name for name in shown_names(viewer))


def test_verdicts_questions_and_the_view_come_back_without_computing(desk, viewer, qtbot, file):
    box = child(desk, "verdict_0")
    box.setCurrentText("tumour")
    box.activated.emit(box.currentIndex())
    child(desk, "ask").click()
    child(desk, "ask_keep").click()
    child(desk, "shared").click()
    child(desk, "show_2").click()
    view = save_view(desk, viewer, qtbot)

    viewer.layers.clear()
    desk.open_result(file)
    qtbot.waitUntil(lambda: "Claimed tiles" in viewer.layers, timeout=RUN_MS)

    assert child(desk, "verdict_0").currentText() == "tumour"
    assert child(desk, "kept_questions").count() == 1
    assert view_of(read_display(result_layers(viewer.layers))) == view
    assert view.shared_scale


def test_a_note_that_is_half_typed_when_the_window_closes_is_kept(desk, qtbot, tmp_path):
    turn_to(desk, "Verdict")

    qtbot.keyClicks(child(desk, "note_1"), "solid nests, and")
    desk.stop()

    (kept,) = tmp_path.glob("results/*.msm.h5")
    assert load_annotations(kept).verdict_of(1).note == "solid nests, and"


def test_a_result_that_is_dropped_on_napari_is_shown_as_it_was_left(desk, viewer, qtbot, file):
    child(desk, "show_1").click()
    save_view(desk, viewer, qtbot)
    viewer.layers.clear()

    viewer.open(str(file), plugin="napari-msm-mil")

    assert [child(desk, f"show_{n}").isChecked() for n in range(3)] == [True, False, True]


def test_the_report_holds_verdicts_and_pictures(desk, monkeypatch, qtbot, tmp_path):
    box = child(desk, "verdict_1")
    box.setCurrentText("inflammation")
    box.activated.emit(box.currentIndex())
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "report.html"), ""))

    child(desk, "report").click()
    qtbot.waitUntil(lambda: "Written" in text(desk, "message"), timeout=RUN_MS)

    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "inflammation" in page
    assert page.count("data:image/") > 5


def test_verdicts_are_exported_to_qupath(desk, monkeypatch, qtbot, tmp_path):
    box = child(desk, "verdict_0")
    box.setCurrentText("tumour")
    box.activated.emit(box.currentIndex())

    child(desk, "export_geojson").click()
    dialog = desk.findChild(ExportDialog)
    child(dialog, "export_path").setText(str(tmp_path / "out.geojson"))
    next(each for each in dialog.findChild(QDialogButtonBox).buttons() if each.text() == "Export").click()
    qtbot.waitUntil(lambda: "Written" in text(desk, "message"), timeout=RUN_MS)

    features = json.loads((tmp_path / "out.geojson").read_text())["features"]
    assert any(feature["properties"].get("name") == "Stage 1 top 1 · tumour" for feature in features)


def test_a_slide_that_was_moved_is_asked_for_and_its_maps_are_shown(
    viewer, drawn, qtbot, tmp_path, monkeypatch, open_dock
):
    moved = tmp_path / "elsewhere" / "drawn.tiff"
    moved.parent.mkdir()
    moved.write_bytes(drawn.path.read_bytes())
    result = a_result_of(drawn)
    gone = replace(result, slide=replace(result.slide, path=str(tmp_path / "gone" / "drawn.tiff")))
    save_result(gone, tmp_path / "kept" / "drawn.msm.h5")
    dock = open_dock(tmp_path / "kept" / "drawn.msm.h5")
    turn_to(dock, "Gallery")
    message = text(dock, "gallery_message")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(moved), ""))

    child(dock, "find_slide").click()
    pictures = dock.findChild(QListWidget, "gallery")
    qtbot.waitUntil(lambda: pictures.count() > 0, timeout=RUN_MS)

    assert "is not open, so its tiles cannot be shown" in message
    assert any(isinstance(layer, Image) and "stage" in layer.metadata for layer in viewer.layers)


def test_a_read_only_result_can_be_viewed_and_given_verdicts_all_the_same(drawn, tmp_path, open_dock):
    path = tmp_path / "shelf" / "drawn.msm.h5"
    save_result(a_result_of(drawn), path)
    path.chmod(0o444)
    before = path.read_bytes()
    dock = open_dock(path)

    box = child(dock, "verdict_2")
    box.setCurrentText("artefact")
    box.activated.emit(box.currentIndex())
    dock.stop()

    (copy,) = tmp_path.glob("results/*.msm.h5")
    assert path.read_bytes() == before
    assert load_annotations(copy).verdict_of(2).label == "artefact"
    assert "read-only" in text(dock, "notes_saved")
    assert load_result(copy).created == a_result().created


@pytest.mark.parametrize(
    "changes",
    [{"S": 1}, {"evidence": False}],
    ids=["one stage", "no evidence"],
)
def test_poor_results_say_what_they_lack_and_leave_the_rest(drawn, qtbot, tmp_path, changes, open_dock):
    result = a_result_of(drawn, **changes)
    save_result(replace(result, model=replace(result.model, preset="paper")), tmp_path / "poor.msm.h5")
    dock = open_dock(tmp_path / "poor.msm.h5")

    for name in ("Gallery", "Compare", "Ask", "Check", "Verdict"):
        turn_to(dock, name)

    qtbot.waitUntil(lambda: "preset paper" in text(dock, "view_text") or "S" in changes, timeout=RUN_MS)
    assert "preset paper" in text(dock, "ask_problem")
    assert "preset paper" in text(dock, "check_text")
    assert child(dock, "verdict_0").isEnabled()
    assert child(dock, "show_0").isEnabled()


def test_a_single_tile_can_be_opened_on_every_page(qtbot, tmp_path, open_dock):
    save_result(a_result(block_of_tiles(1, 1), prediction=a_prediction(1)), tmp_path / "one.msm.h5")
    dock = open_dock(tmp_path / "one.msm.h5")

    for name in ("Gallery", "Compare", "Ask", "Check", "Verdict", "Stages"):
        turn_to(dock, name)
    qtbot.waitUntil(lambda: not QThreadPool.globalInstance().activeThreadCount(), timeout=RUN_MS)

    assert child(dock, "show_0").isEnabled()


def test_the_window_answers_while_it_is_checked(viewer, qtbot):
    reading = predict_bag(a_checkpoint(), a_bag(20_000), device="cpu")
    result = replace(
        a_result(block_of_tiles(200, 100), prediction=reading.prediction), tile_outputs=reading.tile_outputs
    )
    layers, dock = ViewerLayers(viewer), dock_in(viewer)
    layers.show(result, None)
    turn_to(dock, "Check")
    served, timer = [], QTimer()
    timer.timeout.connect(lambda: served.append(child(dock, "check_stop").isVisibleTo(dock)))

    child(dock, "check").click()
    timer.start(0)
    qtbot.waitUntil(lambda: len(served) > 50, timeout=RUN_MS)
    timer.stop()
    child(dock, "check_stop").click()

    assert all(served)  # the window was served again and again while the check was under way
    layers.stop()
    dock.stop()
