"""The widget "Run MSM-MIL": a column of views, and the controllers that act on what they request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QHideEvent, QResizeEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget
from superqt.utils import QSignalDebouncer

from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.dock.dock_actions import DockActions, DockParts
from napari_msm_mil.dock.file_controller import FileController
from napari_msm_mil.dock.qupath_controller import QuPathController
from napari_msm_mil.dock.result_buttons import ResultButtons
from napari_msm_mil.dock.run_controller import RunController
from napari_msm_mil.dock.setup_fold import SetupFold
from napari_msm_mil.dock.shortcuts import FILE_ACTIONS, Shortcuts
from napari_msm_mil.files.annotation_store import AnnotationStore
from napari_msm_mil.files.folders import Folders, user_folders
from napari_msm_mil.layers.viewer_layers import ViewerLayers, show_scale_bar
from napari_msm_mil.run.run_bar import RunBar
from napari_msm_mil.run.setup_form import SetupForm
from napari_msm_mil.widgets.scroll_column import ScrollColumn

if TYPE_CHECKING:
    from napari import Viewer

    from napari_msm_mil.dock.result_panel import ResultPanel
    from napari_msm_mil.dock.result_view import ResultView

MARGINS_PX = 6, 4, 6, 4
PAGE_PX = 210
"""A page of which less is seen is brought up when the user asks for it: long names can take a laptop's height."""
PINNED_SHARE = 0.25
"""How much of the height the tile under the mouse may take from the pages."""
VIEW_PAUSE_MS = 300
"""How long the stages must be displayed in the same way before that is remembered."""


class RunWidget(QWidget):
    """Runs MSM-MIL on a slide layer and shows what each mask stage looked at."""

    def __init__(self, napari_viewer: Viewer, folders: Folders | None = None) -> None:
        """Save in the user's folders, unless others are given."""
        super().__init__()
        folders = user_folders() if folders is None else folders
        self._viewer, self._layers = napari_viewer, ViewerLayers(napari_viewer, self)
        self._setup, self._bar, self._buttons = SetupForm(), RunBar(), ResultButtons()
        self._fold = SetupFold(self._setup, self._bar)
        self._store = AnnotationStore(self, folders.results)
        self._files = FileController(self, self._layers, self._store, self._bar, folders.results)
        self._runs = RunController(self._setup, self._bar, self._layers, folders)
        self._qupath = QuPathController(
            self, self._buttons.qupath, self._layers, self._store, self._bar, lambda: self._setup.slide
        )
        parts = DockParts(self, self._setup, self._bar, self._layers, self._files, self._runs, self._qupath)
        self._actions = DockActions(parts)
        self._view: ResultView | None = None
        self._shortcuts = Shortcuts(napari_viewer, self)
        self._view_changes = QSignalDebouncer(parent=self)
        self._view_changes.setTimeout(VIEW_PAUSE_MS)
        self._lay_out()
        self._connect()
        self._on_results_changed()  # a result may have been open before the dock
        if napari_viewer.layers:
            show_scale_bar(napari_viewer)
        else:
            self._layers.listed.connect(self._on_first_layer)

    @property
    def result(self) -> SlideResult | None:
        """The result that is shown."""
        return None if self._view is None else self._view.stages.result

    def show_result(self, result: SlideResult, saved_path: Path | None = None) -> None:
        """Show a result with its layers, over its slide where that is open."""
        self._layers.show(result, saved_path)

    def open_result(self, path: Path) -> None:
        """Show a saved result with its layers and its slide, without computing."""
        self._files.open(path)

    def act(self, action: str) -> str:
        """Do what a command or a key asks for by name; return what is missing for it, empty if nothing is."""
        return self._actions.act(action, self._view)

    def stop(self) -> None:
        """Stop a run, save what is not saved yet, and stop listening to the viewer."""
        self._runs.stop()
        self._qupath.stop()
        self._save_annotations()
        if self._view is not None:
            self._view.stop()
        self._shortcuts.stop()
        self._layers.stop()

    def event(self, event: QEvent | None) -> bool:
        """Stop when napari takes the widget out of its dock: it is not closed in any other way."""
        if event is not None and event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.stop()
        return super().event(event)

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Save the annotations: closing the napari window hides the dock, and reports nothing else in time."""
        self._save_annotations()
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Leave most of the height to the pages."""
        super().resizeEvent(event)
        self._limit_pinned()

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(*MARGINS_PX)
        for view in (self._fold, self._buttons):
            column.addWidget(view)
        column.addStretch(1)
        self._inside = column
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._column = ScrollColumn(inside)
        layout.addWidget(self._column, 1)
        self.setObjectName("run_msm_mil")

    def _connect(self) -> None:
        files, buttons = self._files, self._buttons
        buttons.open_requested.connect(files.ask_open)
        buttons.save_requested.connect(files.ask_save)
        buttons.export_requested.connect(files.ask_export)
        buttons.report_requested.connect(files.ask_report)
        self._bar.open_requested.connect(files.open)
        files.opened.connect(self._runs.list_layers)
        files.send_requested.connect(self._qupath.send)
        self._layers.results_changed.connect(self._on_results_changed)
        self._view_changes.triggered.connect(self._remember_view)
        self._shortcuts.pressed.connect(self._on_shortcut)

    def _on_results_changed(self) -> None:
        """Make the view of results with the first one."""
        if self._view is None and self._layers.results():
            from napari_msm_mil.dock.result_view import ResultView  # with it come all pages

            self._layers.results_changed.disconnect(self._on_results_changed)
            self._view = ResultView(self._viewer, self._layers, self._store, self._files)
            self._place(self._view.panel)
            self._connect_view(self._view)

    def _place(self, panel: ResultPanel) -> None:
        """Put the panel between the setup and the buttons, also for the tab key, whose order is that of coming in."""
        self._buttons.setParent(None)
        for view in (panel, self._buttons):
            self._inside.insertWidget(self._inside.count() - 1, view)
        self._buttons.show()
        layout = self.layout()
        if layout is not None:
            layout.addWidget(panel.pinned)
        self._limit_pinned()

    def _connect_view(self, view: ResultView) -> None:
        panel = view.panel
        panel.tabs.asked.connect(lambda: self._column.bring_up(panel.tabs, PAGE_PX), Qt.ConnectionType.QueuedConnection)
        panel.stages.bar.keys_requested.connect(lambda: self.act("keys"))
        self._runs.model_chosen.connect(panel.notes.show_chosen)
        panel.notes.show_chosen(self._setup.models.checkpoint)
        view.stages.viewed.connect(lambda _: self._view_changes.throttle())
        for other in (self._fold, self._buttons, self._qupath):
            panel.shown.connect(other.show_result)
            other.show_result(view.stages.result)

    def _limit_pinned(self) -> None:
        """Leave most of the height to the pages."""
        if self._view is not None:
            self._view.panel.pinned.limit(round(PINNED_SHARE * self.height()))

    def _on_first_layer(self) -> None:
        """Show the scale bar once there is something to measure; from then on it is the user's."""
        self._layers.listed.disconnect(self._on_first_layer)
        show_scale_bar(self._viewer)

    def _on_shortcut(self, action: str) -> None:
        problem = self.act(action)
        if problem and action in FILE_ACTIONS:  # a letter that was typed beside a field needs no answer
            self._bar.show_message(problem)

    def _remember_view(self) -> None:
        result = self.result
        view = None if result is None or self._view is None else self._view.stages.displays.view(result)
        if result is not None and view is not None:
            self._store.remember_view(result, view)

    def _save_annotations(self) -> None:
        if self._view is not None:
            self._view.finish()
        self._view_changes.flush()
        self._store.flush()
