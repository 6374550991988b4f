"""The widget "Run MSM-MIL": it hears what the views wish, and acts."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_error
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtGui import QHideEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget

from msm_mil_core.errors import MsmMilError
from msm_mil_core.progress import Progress
from msm_mil_core.slides.slide import Slide
from msm_mil_core.user_folders import features_folder
from napari_msm_mil.background import Background, Job
from napari_msm_mil.dock.result_controller import ResultController
from napari_msm_mil.dock.result_panel import ResultPanel
from napari_msm_mil.dock.shortcuts import Shortcuts, ShortcutsDialog
from napari_msm_mil.dock.stage_view_controller import StageViewController
from napari_msm_mil.files.annotation_store import AnnotationStore
from napari_msm_mil.files.file_dialogs import FileDialogs
from napari_msm_mil.files.file_jobs import Opened, Written
from napari_msm_mil.files.results_folder import results_folder
from napari_msm_mil.files.slide_locator import SlideLocator
from napari_msm_mil.layers.regions import region_polygons
from napari_msm_mil.layers.viewer_layers import ViewerLayers, show_scale_bar
from napari_msm_mil.run.pace import Pace
from napari_msm_mil.run.run_bar import RunBar
from napari_msm_mil.run.run_job import FinishedRun, RunOrder, carry_out
from napari_msm_mil.run.setup_form import SetupForm
from napari_msm_mil.widgets.scroll_column import ScrollColumn

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

LOOKED_MS = 300
"""A look that lasts so long is remembered."""


class RunWidget(QWidget):
    """Runs MSM-MIL on a slide layer and shows what each mask stage looked at."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self._layers = ViewerLayers(napari_viewer, self)
        self._runner, self._desk = Background(self), FileDialogs(self)
        self._setup, self._bar, self._panel = SetupForm(), RunBar(), ResultPanel()
        self._notes, self._finder = AnnotationStore(self), SlideLocator(self)
        self._rooms = ResultController(napari_viewer, self._layers, self._panel, self._notes)
        self._showing = StageViewController(napari_viewer, self._layers, self._panel)
        self._keys = Shortcuts(napari_viewer, self)
        self._pace = Pace()
        self._began_s = 0.0
        self._looking = QTimer(self)
        self._looking.setSingleShot(True)
        self._looking.setInterval(LOOKED_MS)
        self._looking.timeout.connect(self._note_view)
        self._slide_of_run: Image | None = None
        self._lay_out()
        self._connect()
        self._on_listed()
        show_scale_bar(napari_viewer)

    def open_result(self, path: Path) -> None:
        """Bring a saved result back with its layers, without computing."""
        self._desk.open(path)

    def stop(self) -> None:
        """Stop a run that is under way, and stop listening to the viewer."""
        self._runner.cancel()
        self._showing.stop()
        self._panel.verdicts.finish()
        self._notes.flush()
        self._keys.stop()
        self._rooms.stop()
        self._layers.stop()

    def event(self, event: QEvent | None) -> bool:
        """Notice that napari took the widget out of its dock: it is not going to be closed in any other way."""
        if event is not None and event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.stop()
        return super().event(event)

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Save what is noted: a napari window that is closed hides the dock, and tells nothing else in time."""
        self._panel.verdicts.finish()
        self._notes.flush()
        super().hideEvent(event)

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setSpacing(14)
        for view in (self._setup, self._bar, self._panel):
            column.addWidget(view)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(ScrollColumn(inside))
        self.setObjectName("run_msm_mil")

    def _connect(self) -> None:
        self._setup.changed.connect(self._on_setup_changed)
        self._bar.run_requested.connect(self._on_run_requested)
        self._bar.cancel_requested.connect(self._on_cancel_requested)
        self._bar.offer_requested.connect(self.open_result)
        self._runner.progressed.connect(self._on_progressed)
        self._runner.succeeded.connect(self._on_run_succeeded)
        self._runner.failed.connect(self._on_run_failed)
        self._runner.cancelled.connect(self._on_cancelled)
        self._desk.opened.connect(self._on_opened)
        self._desk.written.connect(self._on_written)
        self._desk.failed.connect(self._complain)
        self._panel.export_requested.connect(self._on_export_requested)
        self._panel.save_requested.connect(self._on_save_requested)
        self._panel.open_requested.connect(self._desk.ask_open)
        self._keys.pressed.connect(self._on_key)
        self._panel.stages.bar.keys_requested.connect(lambda: ShortcutsDialog(self).open())
        self._showing.viewed.connect(lambda _: self._looking.start())
        self._panel.report_requested.connect(self._on_report_requested)
        self._panel.gallery.find_slide_requested.connect(self._on_find_slide_requested)
        self._finder.found.connect(self._on_slide_found)
        self._finder.failed.connect(self._complain)
        self._layers.listed.connect(self._on_listed)

    def _on_listed(self) -> None:
        self._setup.set_slides(self._layers.slides())
        self._setup.set_regions(self._layers.regions())

    def _on_setup_changed(self) -> None:
        self._bar.set_ready(*self._readiness())

    def _readiness(self) -> tuple[bool, str]:
        slide = self._setup.slide
        if slide is None:
            return False, "Open a slide first: drop its file on the window, or File > Open."
        if slide.metadata["mpp_origin"] in ("missing", "user") and self._setup.mpp is None:
            return False, "Say how many micrometres a pixel of this slide covers."
        if self._setup.models.checkpoint is None:
            return False, "Choose a model first."
        return True, ""

    def _on_run_requested(self) -> None:
        slide = self._setup.slide
        if slide is None:
            return
        try:
            order = self._order(slide)
        except MsmMilError as exc:
            self._complain(exc)
            return
        self._slide_of_run, self._began_s, self._pace = slide, time.monotonic(), Pace()
        self._bar.running()
        self._runner.start(Job(f"MSM-MIL on {slide.name}", partial(carry_out, order)))

    def _order(self, slide: Image) -> RunOrder:
        region, checkpoint = self._setup.region, self._setup.models.checkpoint
        if checkpoint is None or checkpoint.path is None:
            raise MsmMilError("No model is chosen. Choose a bundled one or browse for a file.")
        polygons = () if region is None else region_polygons(region, slide)
        mpp = self._setup.mpp
        if mpp is not None and mpp != slide.metadata["mpp"]:
            self._layers.placement.calibrate(slide, mpp)
        return RunOrder(
            slide=Path(slide.metadata["facts"].path),
            mpp=mpp,
            model=checkpoint.path,
            choices=self._setup.choices,
            polygons=polygons,
            results=results_folder(),
            features=features_folder(),
        )

    def _on_cancel_requested(self) -> None:
        self._bar.cancelling()
        self._runner.cancel()

    def _on_progressed(self, now: Progress) -> None:
        self._bar.progress(now, self._pace.read(now, time.monotonic()))

    def _on_cancelled(self) -> None:
        self._bar.idle()
        self._bar.show_message("Cancelled. Nothing was shown or kept.")

    def _on_run_failed(self, error: MsmMilError) -> None:
        self._bar.idle()
        self._complain(error)

    def _on_run_succeeded(self, finished: FinishedRun) -> None:
        self._bar.idle()
        slide, self._slide_of_run = self._slide_of_run, None
        if slide is None or not self._layers.has(slide):
            self._tell_slide_gone(finished)
            return
        self._layers.show(finished.result, finished.kept)
        seconds = time.monotonic() - self._began_s
        self._bar.show_message(finished.problem or f"Done: {len(finished.result.tiles):,} tiles in {seconds:.0f} s.")
        if finished.problem:
            show_error(finished.problem)

    def _tell_slide_gone(self, finished: FinishedRun) -> None:
        if finished.kept is None:
            self._layers.show(finished.result, None)  # shown without its slide rather than lost
            self._complain(MsmMilError(finished.problem))
            return
        self._bar.show_message("The slide's layer was removed during the run, so nothing is shown. The result is kept.")
        self._bar.offer(finished.kept)

    def _on_key(self, action: str) -> None:
        showing, gallery = self._showing, self._panel.gallery
        acts: dict[str, Callable[[], None]] = {
            "next": partial(showing.step_alone, 1),
            "previous": partial(showing.step_alone, -1),
            "release": showing.release,
            "blink": showing.toggle_blink,
            "side by side": showing.toggle_side_by_side,
            "claimed": showing.toggle_claimed,
            "next tile": partial(gallery.step, 1),
            "previous tile": partial(gallery.step, -1),
        }
        if action.startswith("show "):
            showing.toggle_visible(int(action.removeprefix("show ")))
        else:
            acts[action]()

    def _note_view(self) -> None:
        result = self._showing.result
        view = None if result is None else self._showing.displays.view(result)
        if result is not None and view is not None:
            self._notes.note_view(result, view)

    def _on_save_requested(self) -> None:
        result = self._showing.result
        if result is not None:
            self._desk.ask_save(result, self._notes.of(result))

    def _on_export_requested(self) -> None:
        result = self._showing.result
        if result is not None:
            self._desk.ask_export(result, self._notes.of(result))

    def _on_report_requested(self) -> None:
        result = self._showing.result
        if result is not None:
            self._desk.ask_report(result, self._notes.of(result))

    def _on_find_slide_requested(self) -> None:
        if self._showing.result is not None:
            self._finder.ask(self._showing.result.slide)

    def _on_slide_found(self, slide: Slide) -> None:
        if self._layers.slide_of(slide.facts) is None:
            self._layers.add_slide(slide)
        else:
            slide.close()
        self._rooms.look_again()

    def _on_written(self, done: Written) -> None:
        self._bar.show_message(f"Written: {done.path}")

    def _on_opened(self, done: Opened) -> None:
        self._bar.show_message(self._bring_slide(done))
        self._layers.show(done.result, done.path, done.view)
        self._on_listed()  # the result may have told the pixel size of its slide

    def _bring_slide(self, opened: Opened) -> str:
        """Show the slide of a result, unless a layer does; say so if the slide is gone."""
        facts = opened.result.slide
        if self._layers.slide_of(facts) is not None:
            if opened.slide is not None:
                opened.slide.close()
            return ""
        if opened.slide is None:
            return f"The slide {facts.name} is not at {Path(facts.path).parent} any more; its maps are shown alone."
        self._layers.add_slide(opened.slide)
        return ""

    def _complain(self, error: MsmMilError) -> None:
        self._bar.show_message(str(error))
        show_error(str(error))
