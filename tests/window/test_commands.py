"""What the command palette and the menus start: it acts on the dock that is open, or opens one."""

import napari
import pytest
from napari.layers import Labels
from npe2 import PluginManager
from qtpy.QtWidgets import QApplication, QDialog, QFileDialog, QLabel, QLineEdit, QMainWindow, QMenu, QWidget

from msm_mil_core.errors import MsmMilError
from msm_mil_core.results.result_file import save_result
from napari_msm_mil import _commands
from napari_msm_mil.dock.dock_actions import NO_RESULT
from napari_msm_mil.dock.qupath_controller import NO_SLIDE
from napari_msm_mil.dock.run_widget import RunWidget
from napari_msm_mil.files.export_dialog import ExportDialog
from napari_msm_mil.files.gateway_dialog import GatewayDialog
from napari_msm_mil.widgets.tabs import Tabs
from tests.window.dock_user import (
    a_features_file,
    a_model_file,
    a_result_of,
    child,
    choose_model,
    dock_in,
    results_in,
    settle,
    show_slide,
    text_of,
)

PAGES = {
    "show_stages": "Stages",
    "show_gallery": "Gallery",
    "compare": "Compare",
    "ask": "Ask",
    "check": "Check",
    "verdict": "Verdict",
}
VIEWS = (
    "all_stages",
    "evidence",
    "next_stage",
    "previous_stage",
    "release",
    "side_by_side",
    "blink",
    "claimed",
    "next_tile",
    "previous_tile",
    "tile_values",
)
ON_RESULT = (*PAGES, *VIEWS, "save_result", "export_geojson", "report", "send_to_qupath", "compare_with")
ON_SLIDE = ("fetch_regions", "open_regions", "follow_qupath")


def start(command):
    PluginManager.instance().commands.execute(f"napari-msm-mil.{command}")


def docks(viewer):
    return [widget for widget in viewer.window.dock_widgets.values() if isinstance(widget, RunWidget)]


@pytest.fixture
def window_viewer(plugin, napari_viewer):
    return napari_viewer


@pytest.fixture
def with_result(window_viewer, drawn):
    dock = dock_in(window_viewer)
    show_slide(window_viewer, drawn)
    dock.show_result(a_result_of(drawn))
    settle()
    return dock


def test_a_command_opens_the_dock_once_and_brings_it_back_when_it_is_hidden(window_viewer):
    start("keys")
    opened = docks(window_viewer)
    opened[0].parent().hide()
    start("keys")

    assert len(opened) == 1
    assert docks(window_viewer) == opened
    assert not opened[0].parent().isHidden()


def test_the_menu_of_plugins_knows_the_dock_that_a_command_opened(window_viewer):
    start("keys")
    (dock,) = docks(window_viewer)
    dock.parent().hide()

    plugins = next(menu for menu in the_window().findChildren(QMenu) if menu.title().replace("&", "") == "Plugins")
    plugins.aboutToShow.emit()  # napari fills a menu when it opens
    next(action for action in plugins.actions() if "Run MSM-MIL" in action.text()).trigger()

    assert docks(window_viewer) == [dock]  # and not a second one
    assert not dock.parent().isHidden()


@pytest.mark.parametrize("command", ON_RESULT)
def test_what_needs_a_result_says_so_where_there_is_none(window_viewer, notes, command):
    start(command)

    assert [message for _, message in notes] == [NO_RESULT]


@pytest.mark.parametrize("command", ON_SLIDE)
def test_what_needs_a_slide_says_so_where_there_is_none(window_viewer, notes, command):
    start(command)

    assert [message for _, message in notes] == [NO_SLIDE]


@pytest.mark.parametrize("command", VIEWS)
def test_every_way_to_look_can_be_asked_for_twice(with_result, notes, command):
    start(command)
    start(command)
    settle()

    assert with_result.result is not None
    assert notes == []


def test_a_model_and_features_are_asked_for(window_viewer, drawn, tmp_path, monkeypatch):
    dock = dock_in(window_viewer)
    show_slide(window_viewer, drawn)
    names = iter([a_model_file(tmp_path / "asked.safetensors"), a_features_file(tmp_path / "there" / "drawn.h5")])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(next(names)), ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "there"))

    start("choose_model")
    start("use_features")
    settle()
    of_file = text_of(dock, "features_name"), text_of(dock, "features_said")
    start("use_features_folder")
    settle()

    assert child(dock, "model").currentText() == "asked"
    assert of_file == ("drawn.h5", text_of(dock, "features_said"))
    assert text_of(dock, "features_name") == "there"
    assert "They fit the model." in text_of(dock, "features_said")


def test_another_result_is_asked_for_on_its_page(with_result, drawn, tmp_path, monkeypatch):
    file = tmp_path / "other.msm.h5"
    save_result(a_result_of(drawn, seed=1), file)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))

    start("compare_with")
    settle()

    assert with_result.findChild(Tabs).name == "Compare"
    assert "overlap" in text_of(with_result, "other_text")


def test_the_gateway_is_asked_for_without_a_result(window_viewer):
    start("gateway")

    assert docks(window_viewer)[0].findChild(GatewayDialog) is not None


def test_a_saved_result_is_asked_for_and_shown(window_viewer, drawn, tmp_path, monkeypatch):
    file = tmp_path / "saved.msm.h5"
    save_result(a_result_of(drawn), file)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))

    start("open_result")
    settle()

    assert [result.slide.name for result in results_in(window_viewer)] == [drawn.path.name]


def test_a_run_starts_and_can_be_cancelled(window_viewer, drawn, tmp_path):
    dock = dock_in(window_viewer)
    show_slide(window_viewer, drawn)
    choose_model(dock, a_model_file(tmp_path / "model.safetensors"))

    start("start_run")
    running = text_of(dock, "run")
    start("cancel_run")
    settle()

    assert running == "Cancel"
    assert text_of(dock, "run") == "Run"
    assert results_in(window_viewer) == []


def test_a_run_without_a_slide_says_what_is_missing(window_viewer, notes):
    start("start_run")
    start("cancel_run")

    assert [message for _, message in notes] == [
        "Open a slide first: drop its file on the window, or File > Open.",
        "No run is in progress.",
    ]


@pytest.mark.parametrize(("command", "page"), PAGES.items())
def test_a_page_comes_to_the_front(with_result, command, page):
    start(command)

    assert with_result.findChild(Tabs).name == page


def test_files_are_asked_for(with_result, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "saved.msm.h5"), ""))

    start("save_result")
    settle()
    start("export_geojson")

    assert (tmp_path / "saved.msm.h5").is_file()
    assert with_result.findChild(ExportDialog) is not None


def test_a_report_is_written(with_result, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "report.html"), ""))

    start("report")
    settle()

    assert (tmp_path / "report.html").stat().st_size > 1000


def test_the_stages_are_shown_otherwise(with_result, window_viewer):
    start("side_by_side")
    side_by_side = window_viewer.canvas.grid.enabled
    start("side_by_side")
    start("next_stage")
    visible = [
        layer.metadata["stage"]
        for layer in window_viewer.layers
        if layer.metadata.get("stage") is not None and layer.visible
    ]

    assert side_by_side
    assert not window_viewer.canvas.grid.enabled
    assert visible == [0]


def test_the_tiles_become_a_layer_that_other_plugins_can_read(with_result, window_viewer):
    before = [layer.visible for layer in window_viewer.layers]
    start("tile_values")
    start("tile_values")  # a second time in its place

    (tiles,) = (layer for layer in window_viewer.layers if isinstance(layer, Labels))
    assert len(window_viewer.layers) == len(before) + 1
    assert window_viewer.layers.selection.active == tiles
    assert [layer.visible for layer in window_viewer.layers if layer != tiles] == before
    assert len(tiles.features) == len(with_result.result.tiles) + 1
    assert "point at a tile" in text_of(with_result, "message")


def test_the_keys_are_listed_without_a_result(window_viewer):
    start("keys")

    assert docks(window_viewer)[0].findChild(QDialog, "keys_dialog") is not None


def test_without_a_window_a_command_says_so(monkeypatch):
    monkeypatch.setattr(napari, "current_viewer", lambda: None)

    with pytest.raises(MsmMilError, match="no napari window"):
        _commands.open_result()


def the_window():
    return next(window for window in QApplication.topLevelWidgets() if isinstance(window, QMainWindow))


def found_in_the_palette(words):
    """Type into napari's command palette, and return what it offers, and whether that can be started."""
    palette = next(
        widget for widget in the_window().findChildren(QWidget) if type(widget).__name__ == "QCommandPalette"
    )
    palette.findChild(QLineEdit).setText(words)
    return {label.command_text(): label.isEnabled() for label in palette.findChildren(QLabel) if not label.isHidden()}


def test_the_palette_finds_every_action_and_offers_nothing_that_needs_arguments(window_viewer, plugin):
    offered = found_in_the_palette("msm-mil")

    for command in plugin.contributions.commands:
        if command.python_name.startswith("napari_msm_mil._commands"):
            assert offered[f"napari-msm-mil > {command.title} (MSM-MIL)"]
        elif command.enablement:
            assert not offered.get(f"napari-msm-mil > {command.title} (MSM-MIL)")  # newer napari leaves it out


@pytest.mark.parametrize(
    ("menu", "title"),
    [
        ("IO Utilities", "Open a saved result… (MSM-MIL)"),
        ("IO Utilities", "Export for QuPath, as a table or an image… (MSM-MIL)"),
        ("Measure", "Compare the stages (MSM-MIL)"),
        ("Classify", "Run the model on the slide (MSM-MIL)"),
    ],
)
def test_a_command_is_in_the_menu_where_it_belongs(window_viewer, menu, title):
    menus = [each for each in the_window().findChildren(QMenu) if each.title().replace("&", "") == menu]
    for each in menus:
        each.aboutToShow.emit()

    assert title in [action.text() for each in menus for action in each.actions()]


def test_a_key_starts_what_a_command_does(window_viewer):
    dock = dock_in(window_viewer)

    next(handler for key, handler in window_viewer.keymap.items() if str(key) == "Alt+R")(window_viewer)

    assert child(dock, "message").text() == "Open a slide first: drop its file on the window, or File > Open."
