"""Between the dock and a running QuPath: a result goes there, regions come back, views follow each other."""

import json
from dataclasses import replace

import numpy as np
import pytest
import shapely
from qtpy.QtCore import QTimer
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QDialogButtonBox, QFileDialog
from shapely.geometry import mapping

pytest.importorskip("py4j", reason="needs the extra: qupath")

from msm_mil_core.export.qupath.live.camera import View
from napari_msm_mil.dock.qupath_button import QuPathButton
from napari_msm_mil.dock.setup_fold import summary
from napari_msm_mil.files.gateway_dialog import GatewayDialog
from napari_msm_mil.layers.places.regions import region_areas
from tests.qupath_gateway import QuPath, Server, a_gateway, a_server
from tests.window.dock_user import (
    a_model_file,
    a_result_of,
    child,
    choose,
    choose_model,
    export_dialog,
    open_dock,
    results_in,
    settle,
    show_slide,
    text_of,
)


@pytest.fixture
def dock(viewer, monkeypatch, tmp_path, qtbot):
    with open_dock(qtbot, viewer, monkeypatch, tmp_path) as dock:
        yield dock


@pytest.fixture
def slide(dock, viewer, drawn):
    return show_slide(viewer, drawn)


@pytest.fixture
def qupath(drawn, slide):
    """A QuPath that shows the drawn slide."""
    return QuPath(Server(drawn.path.name, slide.metadata["facts"].size_px0, str(drawn.path)))


@pytest.fixture
def gateway(dock, qupath):
    """Its gateway, which the dock was told."""
    with a_gateway(qupath, token="right") as port:
        press(dock, "QuPath's gateway…")
        dialog = dock.findChild(GatewayDialog)
        child(dialog, "port").setValue(port)
        child(dialog, "token").setText("right")
        dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
        yield port


def action(dock, text) -> QAction:
    menu = dock.findChild(QuPathButton).menu()
    menu.aboutToShow.emit()
    return next(each for each in menu.actions() if each.text() == text)


def press(dock, text) -> None:
    action(dock, text).trigger()


def annotate(qupath, polygon, **properties) -> None:
    feature = {"type": "Feature", "geometry": mapping(polygon), "properties": {"isLocked": False} | properties}
    qupath.hierarchy.features.append(feature)


def test_only_what_is_possible_can_be_chosen(dock, viewer, drawn):
    texts = ["Send to QuPath", "Fetch annotations as regions", "Regions from a file…", "Follow each other's view"]
    possible = [[action(dock, text).isEnabled() for text in texts]]
    show_slide(viewer, drawn)
    possible.append([action(dock, text).isEnabled() for text in texts])
    dock.show_result(a_result_of(drawn))
    possible.append([action(dock, text).isEnabled() for text in texts])

    assert possible == [[False] * 4, [False, True, True, True], [True] * 4]


def test_a_result_is_sent(dock, drawn, qupath, gateway):
    dock.show_result(a_result_of(drawn))

    press(dock, "Send to QuPath")
    settle()

    assert len(qupath.hierarchy.features) == 64 + 3 * 10
    assert "QuPath has 94 objects" in text_of(dock, "message")


def test_the_export_dialog_sends_what_it_was_told_to(dock, drawn, qupath, gateway):
    dock.show_result(a_result_of(drawn))
    dialog = export_dialog(dock)
    child(dialog, "all_tiles").setChecked(False)
    child(dialog, "hot_spots_percent").setValue(20)

    next(each for each in dialog.findChild(QDialogButtonBox).buttons() if each.text() == "Send to QuPath").click()
    settle()

    names = [each["properties"]["name"] for each in qupath.hierarchy.features]
    assert "Stage 1 hot spot 1" in names
    assert len([name for name in names if " top " in name]) == 30


def test_annotations_become_regions_with_their_holes_and_names(dock, viewer, slide, qupath, gateway):
    doughnut = shapely.box(300, 200, 800, 700).difference(shapely.box(400, 300, 500, 400))
    annotate(qupath, doughnut, name="left", classification={"name": "Tumor"})

    press(dock, "Fetch annotations as regions")
    settle()

    layer = viewer.layers["Regions from QuPath"]
    (area,) = region_areas(layer, slide)
    assert str(area.label) == "left · Tumor"
    assert area.polygon.hausdorff_distance(doughnut) < 0.5
    assert len(area.polygon.interiors) == 1
    assert "1 region from QuPath" in text_of(dock, "message")
    assert layer.name in [child(dock, "region").itemText(at) for at in range(child(dock, "region").count())]


@pytest.mark.usefixtures("gateway")
def test_fetched_regions_limit_a_run(dock, viewer, drawn, qupath, tmp_path, qtbot):
    x, y, side, _ = drawn.hot_px0
    annotate(qupath, shapely.box(x - 1, y - 1, x + 3 * side, y + 3 * side), name="hot")
    press(dock, "Fetch annotations as regions")
    settle()
    choose_model(dock, a_model_file(tmp_path / "model.safetensors"))
    choose(dock, "region", 1)

    child(dock, "run").click()
    qtbot.waitUntil(lambda: bool(results_in(viewer)))
    settle()

    (result,) = results_in(viewer)
    centres = result.tiles.xy_px0 + result.tiles.side_px0 / 2
    assert ((centres >= [x - 1, y - 1]) & (centres <= [x + 3 * side, y + 3 * side])).all()
    assert result.options["region_names"] == [{"name": "hot", "class": ""}]


def test_regions_of_a_file_answer_a_question(dock, viewer, drawn, slide, tmp_path, monkeypatch):
    dock.show_result(a_result_of(drawn))
    path = tmp_path / "drawn.geojson"
    path.write_text(json.dumps({"type": "Feature", "geometry": mapping(shapely.box(600, 300, 900, 700))}))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))

    press(dock, "Regions from a file…")
    settle()
    layer = viewer.layers["Regions from drawn.geojson"]
    count = len(viewer.layers)
    viewer.layers.selection.active = layer
    choose(dock, "ask_what", 2)
    child(dock, "ask").click()
    settle()

    assert len(viewer.layers) <= count + 2  # maps of the answer; no new layer to draw in
    assert not [each for each in viewer.layers if each.name.startswith("Region to ask about")]


def test_views_follow_each_other(dock, viewer, slide, qupath, gateway, qtbot):
    viewer.scene.camera.center, viewer.scene.camera.zoom = (0, 500.0, 700.0), 0.5
    camera = dock._layers.camera

    press(dock, "Follow each other's view")
    qtbot.waitUntil(lambda: qupath.viewer.downsample != 1.0)
    here = camera.view_of(slide)
    there = View(qupath.viewer.centre_px, qupath.viewer.downsample)
    assert here.shows_same(there)

    settle()  # both know that they agree
    qupath.viewer.centre_px, qupath.viewer.downsample = (321.0, 456.0), 2.5
    qtbot.waitUntil(lambda: camera.view_of(slide).shows_same(View((321.0, 456.0), 2.5)))

    settle()
    viewer.scene.camera.center = (0, 100.0, 200.0)
    qtbot.waitUntil(lambda: camera.view_of(slide).shows_same(View(qupath.viewer.centre_px, qupath.viewer.downsample)))
    assert action(dock, "Follow each other's view").isChecked()

    press(dock, "Follow each other's view")
    settle()
    before = viewer.scene.camera.center
    qupath.viewer.centre_px = (900.0, 900.0)
    qtbot.wait(600)
    assert viewer.scene.camera.center == before


def test_following_ends_with_a_sentence_when_qupath_shows_another_slide(dock, slide, qupath, gateway, qtbot):
    press(dock, "Follow each other's view")
    qtbot.waitUntil(lambda: qupath.viewer.downsample != 1.0)

    qupath.server = Server("other.svs", (10, 10), "/other.svs")

    qtbot.waitUntil(lambda: "QuPath shows other.svs" in text_of(dock, "message"))
    assert not action(dock, "Follow each other's view").isChecked()


def test_without_a_gateway_it_is_said_how_to_get_one(dock, drawn, slide):
    dock.show_result(a_result_of(drawn))
    with a_gateway(QuPath(None)) as port:
        pass
    press(dock, "QuPath's gateway…")
    dialog = dock.findChild(GatewayDialog)
    child(dialog, "port").setValue(port)
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()

    press(dock, "Send to QuPath")
    settle()

    assert "qupath-extension-py4j" in text_of(dock, "message")


@pytest.mark.parametrize("translate", [(0, 0), (1000, -500)])
def test_a_view_is_read_as_it_is_shown(viewer, layers, drawn, translate):
    slide = show_slide(viewer, drawn)
    slide.translate = translate
    view = View((321.5, 654.25), 3.75)

    layers.camera.show_view(slide, view)

    back = layers.camera.view_of(slide)
    np.testing.assert_allclose((*back.centre_px0, back.px0_per_px), (*view.centre_px0, view.px0_per_px), rtol=1e-9)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([("left", "Tumor")] * 2, ", left · Tumor"),
        ([("left", ""), ("right", "")], ", a region"),
        ([("", "")], ", a region"),
        ([], ", a region"),
    ],
)
def test_the_folded_setup_says_what_the_region_is_called(drawn, names, said):
    result = a_result_of(drawn)
    record = {"regions_px0": [{}], "region_names": [{"name": name, "class": of_class} for name, of_class in names]}

    assert summary(replace(result, options=dict(result.options) | record)).endswith(said)


@pytest.mark.parametrize("text", ["Send to QuPath", "Fetch annotations as regions", "Follow each other's view"])
@pytest.mark.parametrize("trouble", ["no image", "another image", "quits", "another program"])
def test_whatever_qupath_does_the_window_says_it_and_goes_on(dock, drawn, slide, qupath, text, trouble):
    dock.show_result(a_result_of(drawn))
    size_px = slide.metadata["facts"].size_px0
    answers = {"quits": 6}.get(trouble)
    if trouble == "no image":
        qupath.server = None
    elif trouble == "another image":
        qupath.server = Server("other.svs", size_px, "C:\\slides\\other.svs")
    other = a_server(lambda connection: connection.sendall(b"!yshello\n"))
    with other if trouble == "another program" else a_gateway(qupath, answers=answers) as port:
        press(dock, "QuPath's gateway…")
        dialog = dock.findChild(GatewayDialog)
        child(dialog, "port").setValue(port)
        dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()

        press(dock, text)
        settle()

    said = text_of(dock, "message")
    expected = {"no image": "No image is open", "another image": "shows other.svs, not", "quits": "broke off"}
    assert expected.get(trouble, "not a QuPath that this program knows") in said
    assert not action(dock, "Follow each other's view").isChecked()
    assert qupath.hierarchy.features == []
    assert action(dock, text).isEnabled()


@pytest.mark.usefixtures("slide")
def test_the_window_draws_while_qupath_does_not_answer(dock, drawn, qtbot, monkeypatch):
    monkeypatch.setattr("msm_mil_core.export.qupath.live.connection.FIRST_ANSWER_S", 0.5)
    dock.show_result(a_result_of(drawn))
    turns = []

    with a_server(lambda connection: connection.recv(1000) and connection.recv(1000)) as port:
        press(dock, "QuPath's gateway…")
        dialog = dock.findChild(GatewayDialog)
        child(dialog, "port").setValue(port)
        dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
        timer = QTimer()
        timer.timeout.connect(lambda: turns.append(text_of(dock, "message")))
        timer.start(10)
        press(dock, "Fetch annotations as regions")
        qtbot.waitUntil(lambda: "broke off" in text_of(dock, "message"), timeout=20_000)
        timer.stop()

    assert turns.count("Fetching annotations from QuPath …") >= 5
