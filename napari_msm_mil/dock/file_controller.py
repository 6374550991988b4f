"""Files of the result that is shown: opened, saved, exported, and the slide that belongs to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QWidget

from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import Slide
from napari_msm_mil.files.annotation_store import AnnotationStore
from napari_msm_mil.files.file_dialogs import FileDialogs
from napari_msm_mil.files.file_jobs import OpenedResult
from napari_msm_mil.files.slide_locator import SlideLocator
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.run.run_bar import RunBar

if TYPE_CHECKING:  # opening the dock does not need what it imports
    from msm_mil_core.explain.stage_comparison import StageComparison


class FileController(QObject):
    """Asks for files, and shows what was read from them."""

    opened = Signal()
    """A saved result is shown; it may have calibrated its slide."""
    slide_found = Signal()
    """The slide of the result is open again."""
    send_requested = Signal(object)
    """`GeoJsonOptions`: the result is to go to a running QuPath."""

    def __init__(
        self, window: QWidget, layers: ViewerLayers, store: AnnotationStore, bar: RunBar, results_folder: Path
    ) -> None:
        super().__init__(window)
        self._layers, self._store, self._bar = layers, store, bar
        self._result: SlideResult | None = None
        self._dialogs, self._locator = FileDialogs(window, results_folder), SlideLocator(window)
        self._dialogs.opened.connect(self._on_opened)
        self._dialogs.written.connect(lambda file: bar.show_message(str(file)))
        self._dialogs.failed.connect(bar.show_error)
        self._dialogs.send_requested.connect(self.send_requested)
        self._locator.found.connect(self._on_slide_found)
        self._locator.failed.connect(bar.show_error)

    def show_result(self, result: SlideResult | None) -> None:
        """Save and export this result from now on."""
        self._result = result

    def open(self, path: Path) -> None:
        """Open a saved result."""
        self._dialogs.open(path)

    def ask_open(self) -> None:
        """Ask for a saved result, and open it."""
        self._dialogs.ask_open()

    def ask_save(self) -> None:
        """Ask where to save the result, and save it."""
        if self._result is not None:
            self._dialogs.ask_save(self._result, self._store.annotations(self._result))

    def ask_export(self) -> None:
        """Ask what to export for QuPath, and export it."""
        if self._result is not None:
            self._dialogs.ask_export(self._result, self._store.annotations(self._result))

    def ask_report(self) -> None:
        """Ask where to write the report, and write it."""
        if self._result is not None:
            self._dialogs.ask_report(self._result, self._store.annotations(self._result))

    def ask_table(self, comparison: StageComparison) -> None:
        """Ask where to write the comparison of the stages, and write it."""
        if self._result is not None:
            self._dialogs.ask_table(self._result, comparison)

    def ask_slide(self) -> None:
        """Ask where the slide of the result is, and open it."""
        if self._result is not None:
            self._locator.ask(self._result.slide)

    def _on_opened(self, opened: OpenedResult) -> None:
        self._bar.show_message(self._show_slide(opened))
        self._layers.show(opened.result, opened.path, opened.view)
        self.opened.emit()

    def _show_slide(self, opened: OpenedResult) -> str:
        """Show the slide of a result, unless a layer does; return a message if the slide is not found."""
        facts = opened.result.slide
        if opened.slide is not None:
            self._add_slide(opened.slide)
        elif not self._layers.slides.is_open(facts):
            return f"The slide {facts.name} is no longer at {Path(facts.path).parent}; its maps are shown alone."
        return ""

    def _on_slide_found(self, slide: Slide) -> None:
        self._add_slide(slide)
        self.slide_found.emit()

    def _add_slide(self, slide: Slide) -> None:
        if self._layers.slides.is_open(slide.facts):
            slide.close()
        else:
            self._layers.slides.add(slide)
