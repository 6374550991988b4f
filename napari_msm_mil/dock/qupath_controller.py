"""Between this window and QuPath: results go there, annotations come back as regions, and views follow each other."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari.layers import Image
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QFileDialog, QWidget

from msm_mil_core.errors import MsmMilError
from msm_mil_core.export.qupath.live.gateway_options import GatewayOptions
from msm_mil_core.progress import Progress
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import SlideFacts
from napari_msm_mil.background import Background, Job
from napari_msm_mil.dock.qupath_button import QuPathButton
from napari_msm_mil.dock.view_link import ViewLink
from napari_msm_mil.files.annotation_store import AnnotationStore
from napari_msm_mil.files.gateway_dialog import GatewayDialog
from napari_msm_mil.files.qupath_jobs import FoundRegions, fetch_regions, read_regions, send_result
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.remembered import remember, remembered
from napari_msm_mil.run.run_bar import RunBar

if TYPE_CHECKING:
    from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions

REGIONS_FILTER = "Annotations (*.geojson *.json *.geojson.gz *.zip)"
NO_SLIDE = "Open the slide first: drop its file on the window, or File > Open."
PORT = "qupath/port"
"""Under which the gateway's port is remembered."""
BUSY = "QuPath is still being asked for something; try again in a moment."


class QuPathController(QObject):
    """Does what the button is pressed for, one thing at a time."""

    def __init__(
        self,
        window: QWidget,
        button: QuPathButton,
        layers: ViewerLayers,
        store: AnnotationStore,
        bar: RunBar,
        chosen_slide: Callable[[], Image | None],
    ) -> None:
        """Where no result is shown, `chosen_slide` says which slide is meant."""
        super().__init__(window)
        self._window, self._button, self._layers, self._store, self._bar = window, button, layers, store, bar
        self._chosen_slide = chosen_slide
        self._result: SlideResult | None = None
        self._gateway = _last_gateway()
        self._slide: Image | None = None
        self._worker, self._link = Background(self), ViewLink(layers, self)
        self._worker.succeeded.connect(self._on_done)
        self._worker.failed.connect(bar.show_error)
        self._link.ended.connect(self._on_link_ended)
        button.about_to_show.connect(self._on_menu)
        button.send_requested.connect(self.send)
        button.fetch_requested.connect(self.fetch)
        button.open_requested.connect(self.ask_regions)
        button.follow_requested.connect(lambda _: self.toggle_follow())
        button.gateway_requested.connect(self.ask_gateway)

    def show_result(self, result: SlideResult | None) -> None:
        """Send this result from now on."""
        self._result = result

    def stop(self) -> None:
        """Follow QuPath no more."""
        self._link.stop()

    def send(self, options: GeoJsonOptions | None = None) -> None:
        """Send the result to a running QuPath."""
        result = self._result
        if result is not None:
            work = partial(send_result, result, self._store.annotations(result), self._gateway, options)
            self._start("Sending to QuPath …", work)

    def fetch(self) -> str:
        """Take the annotations of a running QuPath as regions; return what is missing for it."""
        facts = self._require_slide()
        if facts is None:
            return NO_SLIDE
        self._start("Fetching annotations from QuPath …", partial(fetch_regions, facts, self._gateway))
        return ""

    def ask_regions(self) -> str:
        """Ask for a file of annotations, and take them as regions; return what is missing for it."""
        facts = self._require_slide()
        if facts is None:
            return NO_SLIDE
        name, _ = QFileDialog.getOpenFileName(self._window, "Regions", str(Path(facts.path).parent), REGIONS_FILTER)
        if name:
            self._start(f"Reading {Path(name).name} …", partial(read_regions, facts, Path(name)))
        return ""

    def toggle_follow(self) -> str:
        """Let QuPath and this window follow each other's view, or stop it; return what is missing for it."""
        slide = self._current_slide()
        if self._link.on or slide is None:
            self._link.stop()
            self._bar.show_message("")
            return "" if slide is not None else NO_SLIDE
        self._link.start(slide, self._gateway)
        self._bar.show_message("QuPath and this window follow each other's view.")
        return ""

    def ask_gateway(self) -> None:
        """Ask for the port and the token of QuPath's gateway."""
        dialog = GatewayDialog(self._gateway, self._window)
        dialog.chosen.connect(self._on_gateway_chosen)
        dialog.open()

    def _require_slide(self) -> SlideFacts | None:
        self._slide = self._current_slide()
        return None if self._slide is None else self._slide.metadata["facts"]

    def _current_slide(self) -> Image | None:
        under = None if self._result is None else self._layers.slide_under(self._result)
        return self._chosen_slide() if under is None else under

    def _start(self, message: str, work: Callable[[], Generator[Progress, None, object]]) -> None:
        if self._worker.busy:
            self._bar.show_error(MsmMilError(BUSY))
            return
        self._bar.show_message(message)
        self._worker.start(Job(message, work))

    def _on_menu(self) -> None:
        self._button.set_available(slide=self._current_slide() is not None, result=self._result is not None)
        self._button.set_following(self._link.on)

    def _on_done(self, done: object) -> None:
        if isinstance(done, FoundRegions):
            self._show_regions(done)
        else:
            self._bar.show_message(str(done))

    def _show_regions(self, found: FoundRegions) -> None:
        slide, regions = self._slide, found.regions
        if slide is None or not self._layers.has(slide):
            self._bar.show_message("The slide was closed meanwhile, so no regions are shown.")
            return
        layer = self._layers.regions.add(slide, regions, f"Regions from {found.source}")
        count = len(regions.polygons)
        what = f"{count} {'region' if count == 1 else 'regions'} from {found.source}, in the layer {layer.name}."
        how = "Choose it under Region to limit a run, or select it and ask what the model says without it."
        self._bar.show_message(" ".join(filter(None, (what, regions.remark, how))))

    def _on_link_ended(self, error: MsmMilError | None) -> None:
        self._button.set_following(False)
        if error is not None:
            self._bar.show_error(error)

    def _on_gateway_chosen(self, options: GatewayOptions) -> None:
        self._gateway = options
        remember(PORT, str(options.port))  # the token changes with every gateway
        self._link.stop()


def _last_gateway() -> GatewayOptions:
    try:
        return GatewayOptions(port=int(remembered(PORT)))
    except ValueError:  # nothing was remembered, or what is no port
        return GatewayOptions()
