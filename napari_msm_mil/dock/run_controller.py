"""Runs: the setup form says what to run, the run bar shows how it goes, the result becomes layers."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from msm_mil_core.errors import MsmMilError
from msm_mil_core.progress import Progress
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.formats.arrays import LAYER
from napari_msm_mil.background import Background, Job
from napari_msm_mil.files.folders import Folders
from napari_msm_mil.layers.regions import region_polygons
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.run.progress_rate import ProgressRate
from napari_msm_mil.run.run_bar import RunBar
from napari_msm_mil.run.run_job import RunOutcome, perform_run
from napari_msm_mil.run.run_request import RunRequest
from napari_msm_mil.run.setup_form import SetupForm
from napari_msm_mil.slides.open_images import pixel_scale, typed_mpp

if TYPE_CHECKING:
    from napari.layers import Image


class RunController(QObject):
    """Runs one slide at a time."""

    model_chosen = Signal(object)
    """The `Checkpoint` that the next run takes; None if there is none."""

    def __init__(self, setup: SetupForm, bar: RunBar, layers: ViewerLayers, folders: Folders) -> None:
        super().__init__(bar)
        self._setup, self._bar, self._layers, self._folders = setup, bar, layers, folders
        self._runner = Background(self)
        self._rate = ProgressRate()
        self._started_s = 0.0
        self._slide: Image | None = None
        self._title = ""
        setup.changed.connect(self._on_setup_changed)
        setup.colors_requested.connect(layers.show_colors)
        bar.run_requested.connect(self._on_run_requested)
        bar.cancel_requested.connect(self._on_cancel_requested)
        layers.listed.connect(self.list_layers)
        self._runner.progressed.connect(self._on_progressed)
        self._runner.succeeded.connect(self._on_succeeded)
        self._runner.failed.connect(self._on_failed)
        self._runner.cancelled.connect(self._on_cancelled)
        self.list_layers()

    def list_layers(self) -> None:
        """List the slides and regions that are open."""
        self._setup.set_slides(self._layers.runnable())
        self._setup.set_regions(self._layers.regions())

    def stop(self) -> None:
        """Stop the run."""
        self._runner.cancel()

    def _on_setup_changed(self) -> None:
        missing = self._missing()
        self._bar.set_ready(not missing, missing)
        self.model_chosen.emit(self._setup.models.checkpoint)

    def _missing(self) -> str:
        """Say what a run still needs; empty if nothing."""
        slide = self._setup.slide
        if slide is None:
            return "Open a slide first: drop its file on the window, or File > Open."
        if pixel_scale(slide).origin in ("missing", "user") and self._setup.mpp is None:
            return "Enter how many micrometres a pixel of this slide covers."
        if self._setup.problem:
            return self._setup.problem
        if self._setup.scheduler == "":
            return "Enter the address of the Dask scheduler, as tcp://host:8786."
        return "" if self._setup.models.checkpoint is not None else "Choose a model first."

    def _on_run_requested(self) -> None:
        slide = self._setup.slide
        if slide is None:
            return
        try:
            request = self._request(slide)
        except MsmMilError as exc:
            self._bar.show_error(exc)
            return
        self._slide, self._started_s, self._rate = slide, time.monotonic(), ProgressRate()
        self._title = f"{request.model.stem} on {request.slide.name}"
        self._bar.show_running(self._title)
        self._runner.start(Job(self._title, partial(perform_run, request)))

    def _request(self, slide: Image) -> RunRequest:
        region, checkpoint = self._setup.region, self._setup.models.checkpoint
        if checkpoint is None or checkpoint.path is None:
            raise MsmMilError("No model is chosen. Choose a bundled one or browse for a file.")
        mpp = self._setup.mpp
        if "slide" not in slide.metadata:
            self._layers.adopt(slide, mpp)
        polygons = () if region is None else region_polygons(region, slide)
        if mpp is not None and mpp != slide.metadata["mpp"]:
            self._layers.placement.calibrate(slide, mpp)
        return RunRequest(
            slide=Path(slide.metadata["facts"].path),
            mpp=mpp or typed_mpp(slide),
            opened=slide.metadata["slide"] if slide.metadata["facts"].reader == LAYER else None,
            model=checkpoint.path,
            choices=self._setup.choices,
            polygons=polygons,
            folders=self._folders,
            scheduler=self._setup.scheduler,
        )

    def _on_cancel_requested(self) -> None:
        self._bar.show_cancelling()
        self._runner.cancel()

    def _on_progressed(self, now: Progress) -> None:
        self._bar.show_progress(now, self._rate.describe(now, time.monotonic()))

    def _on_cancelled(self) -> None:
        self._bar.show_idle()
        kept = "Nothing was shown or saved; tiles that were encoded are kept for the next run."
        self._bar.show_message(f"Cancelled: {self._title}. {kept}")

    def _on_failed(self, error: MsmMilError) -> None:
        self._bar.show_idle()
        self._bar.show_error(error)

    def _on_succeeded(self, outcome: RunOutcome) -> None:
        self._bar.show_idle()
        slide, self._slide = self._slide, None
        if not self._layers.is_open(outcome.result.slide) and outcome.saved_path is not None:
            self._bar.show_message("The slide was closed during the run, so nothing is shown. The result is saved.")
            self._bar.show_open_button(outcome.saved_path)
            return
        self._layers.show(outcome.result, outcome.saved_path, slide=slide)  # rather without its slide than lost
        if outcome.problem:
            self._bar.show_error(MsmMilError(outcome.problem))
        else:
            seconds = time.monotonic() - self._started_s
            done = f"Done: {self._title}, {len(outcome.result.tiles):,} tiles in {seconds:.0f} s."
            self._bar.show_message(f"{done} {self._moved(slide, outcome.result)}".strip())

    def _moved(self, slide: Image | None, result: SlideResult) -> str:
        """Say on which layer the maps lie if that which was run is gone; empty if it is not."""
        under = self._layers.slide_under(result)
        if slide is None or under is slide or under is None:
            return ""
        return f"The layer {slide.name} was removed during the run, so the maps lie on {under.name}, the same slide."
