"""The widget "Run MSM-MIL": a column of views, and the controllers that act on what they request."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QHideEvent, QResizeEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget
from superqt.utils import QSignalDebouncer

from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.dock.file_controller import FileController
from napari_msm_mil.dock.result_controller import ResultController
from napari_msm_mil.dock.result_panel import ResultPanel
from napari_msm_mil.dock.run_controller import RunController
from napari_msm_mil.dock.setup_fold import SetupFold
from napari_msm_mil.dock.shortcuts import Shortcuts, ShortcutsDialog
from napari_msm_mil.dock.stage_view_controller import StageViewController
from napari_msm_mil.files.annotation_store import AnnotationStore
from napari_msm_mil.files.folders import Folders, user_folders
from napari_msm_mil.layers.viewer_layers import ViewerLayers, show_scale_bar
from napari_msm_mil.run.run_bar import RunBar
from napari_msm_mil.run.setup_form import SetupForm
from napari_msm_mil.widgets.scroll_column import ScrollColumn

if TYPE_CHECKING:
    from napari import Viewer

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
        self._layers = ViewerLayers(napari_viewer, self)
        self._setup, self._bar, self._panel = SetupForm(), RunBar(), ResultPanel()
        self._fold = SetupFold(self._setup, self._bar)
        self._store = AnnotationStore(self, folders.results)
        self._files = FileController(self, self._layers, self._store, self._bar, folders.results)
        self._runs = RunController(self._setup, self._bar, self._layers, folders)
        self._pages = ResultController(napari_viewer, self._layers, self._panel, self._store)
        self._stage_view = StageViewController(napari_viewer, self._layers, self._panel)
        self._shortcuts = Shortcuts(napari_viewer, self)
        self._view_changes = QSignalDebouncer(parent=self)
        self._view_changes.setTimeout(VIEW_PAUSE_MS)
        self._lay_out()
        self._connect()
        for view in (self._files, self._fold):  # of a result that was open before the dock
            view.show_result(self.result)
        show_scale_bar(napari_viewer)

    @property
    def result(self) -> SlideResult | None:
        """The result that is shown."""
        return self._stage_view.result

    def show_result(self, result: SlideResult, saved_path: Path | None = None) -> None:
        """Show a result with its layers, over its slide where that is open."""
        self._layers.show(result, saved_path)

    def open_result(self, path: Path) -> None:
        """Show a saved result with its layers and its slide, without computing."""
        self._files.open(path)

    def stop(self) -> None:
        """Stop a run, save what is not saved yet, and stop listening to the viewer."""
        self._runs.stop()
        self._save_annotations()
        self._stage_view.stop()
        self._shortcuts.stop()
        self._pages.stop()
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
        self._panel.pinned.limit(round(PINNED_SHARE * self.height()))

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(*MARGINS_PX)
        for view in (self._fold, self._panel):
            column.addWidget(view)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._column = ScrollColumn(inside)
        layout.addWidget(self._column, 1)
        layout.addWidget(self._panel.pinned)
        self.setObjectName("run_msm_mil")

    def _connect(self) -> None:
        files, panel = self._files, self._panel
        panel.shown.connect(files.show_result)
        panel.shown.connect(self._fold.show_result)
        panel.tabs.asked.connect(self._show_page, Qt.ConnectionType.QueuedConnection)  # once it is laid out
        panel.open_requested.connect(files.ask_open)
        panel.save_requested.connect(files.ask_save)
        panel.export_requested.connect(files.ask_export)
        panel.report_requested.connect(files.ask_report)
        panel.gallery.find_slide_requested.connect(files.ask_slide)
        panel.stages.bar.keys_requested.connect(lambda: ShortcutsDialog(self).open())
        self._bar.open_requested.connect(files.open)
        self._pages.table_requested.connect(files.ask_table)
        files.opened.connect(self._runs.list_layers)
        self._runs.model_chosen.connect(panel.notes.show_chosen)
        panel.notes.show_chosen(self._setup.models.checkpoint)
        files.slide_found.connect(self._pages.reload_pictures)
        self._stage_view.viewed.connect(lambda _: self._view_changes.throttle())
        self._view_changes.triggered.connect(self._remember_view)
        self._shortcuts.pressed.connect(self._on_shortcut)

    def _show_page(self) -> None:
        self._column.bring_up(self._panel.tabs, PAGE_PX)

    def _on_shortcut(self, action: str) -> None:
        view, gallery = self._stage_view, self._panel.gallery
        actions: dict[str, Callable[[], None]] = {
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

    def _remember_view(self) -> None:
        result = self.result
        view = None if result is None else self._stage_view.displays.view(result)
        if result is not None and view is not None:
            self._store.remember_view(result, view)

    def _save_annotations(self) -> None:
        self._panel.verdicts.finish()
        self._view_changes.flush()
        self._store.flush()
