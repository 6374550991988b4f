"""What commands and keys ask of the dock, and what is missing where it cannot be done."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from qtpy.QtWidgets import QWidget

from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.dock.file_controller import FileController
from napari_msm_mil.dock.qupath_controller import QuPathController
from napari_msm_mil.dock.result_view import ResultView
from napari_msm_mil.dock.run_controller import RunController
from napari_msm_mil.dock.shortcuts import ShortcutsDialog
from napari_msm_mil.layers.tile_map_layers import TILES, tile_labels_layer
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.run.run_bar import RunBar
from napari_msm_mil.run.setup_form import SetupForm

NO_RESULT = "No result is open. Open a saved one, or run a model on a slide first."

TILES_ADDED = (
    "The layer Tiles holds all values of each tile, without a colour: point at a tile and read them in the status bar, "
    "or open Plugins > Features table widget."
)


@dataclass(frozen=True, slots=True)
class DockParts:
    """What acts in a dock."""

    window: QWidget
    setup: SetupForm
    bar: RunBar
    layers: ViewerLayers
    files: FileController
    runs: RunController
    qupath: QuPathController


class DockActions:
    """Does what is asked for by name; a page of the result is asked for by the name on its tab."""

    def __init__(self, parts: DockParts) -> None:
        self._parts = parts
        files, setup, qupath = parts.files, parts.setup, parts.qupath
        self._always: dict[str, Callable[[], str]] = {
            "open result": partial(_done, files.ask_open),
            "run": parts.runs.ask_run,
            "cancel": parts.runs.ask_cancel,
            "choose model": partial(_done, setup.models.ask),
            "use features": partial(_done, setup.features.ask_file),
            "use features folder": partial(_done, setup.features.ask_folder),
            "fetch regions": qupath.fetch,
            "open regions": qupath.ask_regions,
            "follow QuPath": qupath.toggle_follow,
            "gateway": partial(_done, qupath.ask_gateway),
        }
        self._on_result: dict[str, Callable[[], None]] = {
            "save result": files.ask_save,
            "export": files.ask_export,
            "report": files.ask_report,
            "send to QuPath": qupath.send,
        }

    def act(self, action: str, view: ResultView | None) -> str:
        """Do it; return what is missing or in the way, empty if nothing is."""
        result = None if view is None else view.stages.result
        if action == "keys":
            classes = () if result is None else result.prediction.map_classes
            return _done(ShortcutsDialog(self._parts.window, classes).open)
        if action in self._always:
            return self._always[action]()
        if view is None or result is None:
            return NO_RESULT
        if action in self._on_result:
            return _done(self._on_result[action])
        if action == "tile values":
            return _done(partial(self._show_tiles, result))
        return _done(partial(view.act, action))

    def _show_tiles(self, result: SlideResult) -> None:
        layers = self._parts.layers
        layers.select(layers.show_map(result, TILES, tile_labels_layer(result)))
        self._parts.bar.show_message(TILES_ADDED)


def _done(act: Callable[[], None]) -> str:
    act()
    return ""
