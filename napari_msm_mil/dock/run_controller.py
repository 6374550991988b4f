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
from msm_mil_core.slides.blank_slide import blank_slide
from msm_mil_core.slides.formats.arrays import LAYER
from msm_mil_core.slides.formats.color_choice import ColorChoice
from napari_msm_mil.background import Background, Job
from napari_msm_mil.files.folders import Folders
from napari_msm_mil.layers.places.regions import region_areas
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.run.features_checker import FeaturesChecker, FeaturesRequest
from napari_msm_mil.run.progress_rate import ProgressRate
from napari_msm_mil.run.run_bar import RUN, RunBar
from napari_msm_mil.run.run_job import RunOutcome, perform_run
from napari_msm_mil.run.run_request import RunRequest
from napari_msm_mil.run.setup_form import SetupForm
from napari_msm_mil.settings import keep_screen_colors
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
        self._runner, self._checker = Background(self), FeaturesChecker(setup.features)
        self._rate = ProgressRate()
        self._started_s = 0.0
        self._slide: Image | None = None
        self._title = ""
        setup.changed.connect(self._on_setup_changed)
        self._checker.changed.connect(self._show_ready)
        setup.colors_requested.connect(self._on_colors_requested)
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
        self._setup.set_slides(self._layers.slides.runnable())
        self._setup.set_regions(self._layers.regions.all())

    def ask_run(self) -> str:
        """Start a run as a press of Run does; return what is missing or in the way, empty if it starts."""
        if self._bar.state != RUN:
            return f"{self._title} is still running."
        missing = self._missing()
        if not missing:
            self._on_run_requested()
        return missing

    def ask_cancel(self) -> str:
        """Cancel the run as a press of Cancel does; return that there is none where there is none."""
        if self._bar.state == RUN:
            return "No run is in progress."
        self._on_cancel_requested()
        return ""

    def stop(self) -> None:
        """Stop the run."""
        self._runner.cancel()
        self._checker.stop()

    def _on_setup_changed(self) -> None:
        self._checker.check(self._features_request(), self._setup.choices)
        self._bar.forget_error()
        self._show_ready()
        self.model_chosen.emit(self._setup.models.checkpoint)

    def _on_colors_requested(self, slide: Image, colors: ColorChoice) -> None:
        """Show the slide in these colours, and those that are opened after it."""
        self._layers.slides.show_colors(slide, colors)
        keep_screen_colors(colors)

    def _show_ready(self) -> None:
        missing = self._missing()
        self._bar.set_ready(not missing, missing, said_above=missing == self._checker.problem)

    def _features_request(self) -> FeaturesRequest | None:
        """Return what the chosen features are to be run with; None if that is not known yet."""
        checkpoint, slide = self._setup.models.checkpoint, self._setup.slide
        if checkpoint is None or checkpoint.path is None or self._setup.problem:
            return None
        mpp = self._setup.mpp or (None if slide is None else pixel_scale(slide).mpp)
        tiles = str(self._setup.choices.get("tiles"))
        return FeaturesRequest(_slide_file(slide), mpp, checkpoint.path, checkpoint.encoder, tiles)

    def _missing(self) -> str:
        """Say what a run still needs; empty if nothing."""
        slide, chosen = self._setup.slide, self._setup.features.named is not None
        if slide is None and not chosen:
            return "Open a slide first: drop its file on the window, or File > Open."
        if _is_blank(slide) and not chosen:
            return "There is no slide here, only features: choose these under Features, or open a slide."
        if slide is not None and pixel_scale(slide).origin in ("missing", "user") and self._setup.mpp is None:
            return "Enter how many micrometres a pixel of this slide covers."
        if self._setup.problem:
            return self._setup.problem
        if self._setup.scheduler == "":
            return "Enter the address of the Dask scheduler, as tcp://host:8786."
        return self._checker.problem if self._setup.models.checkpoint is not None else "Choose a model first."

    def _on_run_requested(self) -> None:
        slide = self._setup.slide
        try:
            request = self._request(slide)
        except MsmMilError as exc:
            self._bar.show_error(exc)
            return
        self._slide, self._started_s, self._rate = slide, time.monotonic(), ProgressRate()
        self._title = f"{request.model.stem} on {request.name}"
        self._bar.show_running(self._title)
        self._runner.start(Job(self._title, partial(perform_run, request)))

    def _request(self, slide: Image | None) -> RunRequest:
        region, checkpoint = self._setup.region, self._setup.models.checkpoint
        if checkpoint is None or checkpoint.path is None:
            raise MsmMilError("No model is chosen. Choose a bundled one or browse for a file.")
        mpp, found = self._setup.mpp, self._checker.found
        if slide is not None and "slide" not in slide.metadata:
            self._layers.slides.adopt(slide, mpp)
        areas = () if region is None or slide is None else region_areas(region, slide)
        if slide is not None and mpp is not None and mpp != slide.metadata["mpp"]:
            self._layers.placement.calibrate(slide, mpp)
        blank_mpp = slide.metadata["mpp"] if slide is not None and _is_blank(slide) else None
        return RunRequest(
            slide=_slide_file(slide),
            mpp=mpp or (None if slide is None else typed_mpp(slide)) or blank_mpp,
            opened=None if slide is None or slide.metadata["facts"].reader != LAYER else slide.metadata["slide"],
            model=checkpoint.path,
            choices=self._setup.choices,
            polygons=tuple(area.polygon for area in areas),
            labels=tuple(area.label for area in areas),
            folders=self._folders,
            scheduler=self._setup.scheduler,
            features=None if found is None else found.path,
            features_encoder=checkpoint.encoder if found is not None and self._setup.features.same_encoder else None,
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
        self._add_blank(outcome.result)
        if not self._layers.slides.is_open(outcome.result.slide) and outcome.saved_path is not None:
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

    def _add_blank(self, result: SlideResult) -> None:
        """Lay a blank canvas under features that were run without their slide."""
        if not result.slide.has_slide and not self._layers.slides.is_open(result.slide):
            self._layers.slides.add(blank_slide(result.slide))

    def _moved(self, slide: Image | None, result: SlideResult) -> str:
        """Say on which layer the maps lie if that which was run is gone; empty if it is not."""
        under = self._layers.slide_under(result)
        if slide is None or under is slide or under is None:
            return ""
        return f"The layer {slide.name} was removed during the run, so the maps lie on {under.name}, the same slide."


def _slide_file(slide: Image | None) -> Path | None:
    """Return the file of a slide's layer; None if there is no layer, or only a blank canvas."""
    if slide is None or _is_blank(slide):
        return None
    if "facts" in slide.metadata:
        return Path(slide.metadata["facts"].path)
    return Path(slide.source.path) if slide.source.path else None  # of another reader


def _is_blank(slide: Image | None) -> bool:
    """Return whether a layer is the blank canvas under features that were run alone."""
    return slide is not None and "facts" in slide.metadata and not slide.metadata["facts"].has_slide
