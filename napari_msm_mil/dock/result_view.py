"""What the dock shows of results: made with the first one, so that a dock without any opens quickly."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from napari_msm_mil.dock.file_controller import FileController
from napari_msm_mil.dock.result_controller import ResultController
from napari_msm_mil.dock.result_panel import ResultPanel
from napari_msm_mil.dock.stage_view_controller import StageViewController
from napari_msm_mil.files.annotation_store import AnnotationStore
from napari_msm_mil.layers.viewer_layers import ViewerLayers

if TYPE_CHECKING:
    from napari import Viewer


class ResultView(QObject):
    """The panel of a result, its pages and how its stages are displayed."""

    def __init__(self, viewer: Viewer, layers: ViewerLayers, store: AnnotationStore, files: FileController) -> None:
        self.panel = ResultPanel()
        super().__init__(self.panel)
        self._pages = ResultController(viewer, layers, self.panel, store)
        self.stages = StageViewController(viewer, layers, self.panel)
        self.panel.shown.connect(files.show_result)
        self.panel.gallery.find_slide_requested.connect(files.ask_slide)
        self._pages.table_requested.connect(files.ask_table)
        self._pages.side_by_side_requested.connect(self.stages.show_side_by_side)
        files.slide_found.connect(self._pages.reload_pictures)
        files.show_result(self.stages.result)

    def finish(self) -> None:
        """Take over what the user is still typing."""
        self.panel.verdicts.finish()

    def stop(self) -> None:
        """Show again what was shown before, stop what is running, and stop listening to the viewer."""
        self.stages.stop()
        self._pages.stop()

    def act(self, action: str) -> None:
        """Do what a command or a key asks for: bring the page of this name to the front, or change what is shown."""
        if action in self.panel.tabs.names:
            self.panel.tabs.open_page(action)
        else:
            self._change_view(action)

    def _compare_with(self) -> None:
        self.panel.tabs.open_page("Compare")
        self.panel.compare.other.other_requested.emit()

    def _change_view(self, action: str) -> None:
        view, gallery = self.stages, self.panel.gallery
        actions: dict[str, Callable[[], None]] = {
            "all stages": self.panel.stages.choice.all_requested.emit,
            "evidence": self.panel.stages.choice.evidence_requested.emit,
            "compare with": self._compare_with,
            "next": partial(view.step_alone, 1),
            "previous": partial(view.step_alone, -1),
            "release": view.release,
            "blink": view.toggle_blink,
            "side by side": view.toggle_side_by_side,
            "claimed": view.toggle_claimed,
            "next tile": partial(gallery.step, 1),
            "previous tile": partial(gallery.step, -1),
        }
        if action.startswith("show "):
            view.toggle_visible(int(action.removeprefix("show ")))
        else:
            actions[action]()
