"""What commands and keys ask of the dock, and what is missing where it cannot be done."""

from collections.abc import Callable
from functools import partial

from qtpy.QtWidgets import QWidget

from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.dock.file_controller import FileController
from napari_msm_mil.dock.result_view import ResultView
from napari_msm_mil.dock.run_controller import RunController
from napari_msm_mil.dock.shortcuts import ShortcutsDialog
from napari_msm_mil.layers.tile_map_layers import TILES, tile_labels_layer
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.run.run_bar import RunBar

NO_RESULT = "No result is open. Open a saved one, or run a model on a slide first."

TILES_ADDED = (
    "The layer Tiles holds all values of each tile, without a colour: point at a tile and read them in the status bar, "
    "or open Plugins > Features table widget."
)


class DockActions:
    """Does what is asked for by name; a page of the result is asked for by the name on its tab."""

    def __init__(
        self, window: QWidget, files: FileController, runs: RunController, layers: ViewerLayers, bar: RunBar
    ) -> None:
        self._always: dict[str, Callable[[], str]] = {
            "open result": partial(_done, files.ask_open),
            "run": runs.ask_run,
            "cancel": runs.ask_cancel,
            "keys": partial(_done, lambda: ShortcutsDialog(window).open()),
        }
        self._layers, self._bar = layers, bar
        self._on_result: dict[str, Callable[[], None]] = {
            "save result": files.ask_save,
            "export": files.ask_export,
            "report": files.ask_report,
        }

    def act(self, action: str, view: ResultView | None) -> str:
        """Do it; return what is missing or in the way, empty if nothing is."""
        if action in self._always:
            return self._always[action]()
        if view is None or view.stages.result is None:
            return NO_RESULT
        if action in self._on_result:
            return _done(self._on_result[action])
        if action == "tile values":
            return _done(partial(self._show_tiles, view.stages.result))
        return _done(partial(view.act, action))

    def _show_tiles(self, result: SlideResult) -> None:
        self._layers.select(self._layers.show_map(result, TILES, tile_labels_layer(result)))
        self._bar.show_message(TILES_ADDED)


def _done(act: Callable[[], None]) -> str:
    act()
    return ""
