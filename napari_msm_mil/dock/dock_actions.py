"""What commands and keys ask of the dock, and what is missing where it cannot be done."""

from collections.abc import Callable
from functools import partial

from qtpy.QtWidgets import QWidget

from napari_msm_mil.dock.file_controller import FileController
from napari_msm_mil.dock.result_view import ResultView
from napari_msm_mil.dock.run_controller import RunController
from napari_msm_mil.dock.shortcuts import ShortcutsDialog

NO_RESULT = "No result is open. Open a saved one, or run a model on a slide first."


class DockActions:
    """Does what is asked for by name; a page of the result is asked for by the name on its tab."""

    def __init__(self, window: QWidget, files: FileController, runs: RunController) -> None:
        self._always: dict[str, Callable[[], str]] = {
            "open result": partial(_done, files.ask_open),
            "run": runs.ask_run,
            "cancel": runs.ask_cancel,
            "keys": partial(_done, lambda: ShortcutsDialog(window).open()),
        }
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
        return _done(partial(view.act, action))


def _done(act: Callable[[], None]) -> str:
    act()
    return ""
