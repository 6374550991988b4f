"""napari's view and that of a running QuPath follow each other while that is switched on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari.layers import Image
from qtpy.QtCore import QObject, QTimer, Signal

from msm_mil_core.errors import MsmMilError
from napari_msm_mil.background import Background, Job
from napari_msm_mil.files.qupath_jobs import follow_view
from napari_msm_mil.layers.viewer_layers import ViewerLayers

if TYPE_CHECKING:
    from msm_mil_core.export.qupath.live.camera import View
    from msm_mil_core.export.qupath.live.gateway_options import GatewayOptions

EVERY_MS = 250


class ViewLink(QObject):
    """Asks QuPath four times a second where it looks; whichever moved last is followed, first of all this window."""

    ended = Signal(object)
    """It stopped by itself: the `MsmMilError` that says why, or None because the slide was closed."""

    def __init__(self, layers: ViewerLayers, parent: QObject) -> None:
        super().__init__(parent)
        self._layers = layers
        self._slide: Image | None = None
        self._gateway: GatewayOptions | None = None
        self._shared: View | None = None
        """Where both looked when they were last compared; None before."""
        self._worker = Background(self)
        self._worker.succeeded.connect(self._on_answered)
        self._worker.failed.connect(self._on_failed)
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self._on_time)

    @property
    def on(self) -> bool:
        """Whether the views follow each other."""
        return self._slide is not None

    def start(self, slide: Image, gateway: GatewayOptions) -> None:
        """Follow from now on, over a layer of the slide."""
        self._slide, self._gateway, self._shared = slide, gateway, None
        self._timer.start()
        self._on_time()

    def stop(self) -> None:
        """Follow no more."""
        self._timer.stop()
        self._slide = None

    def _on_time(self) -> None:
        if self._slide is None or self._gateway is None or self._worker.busy:
            return
        if not self._layers.has(self._slide):
            self._end(None)
            return
        here = self._layers.camera.view_of(self._slide)
        moved = None if self._shared is not None and here.shows_same(self._shared) else here
        job = partial(follow_view, self._slide.metadata["facts"], self._gateway, moved)
        self._worker.start(Job("Following QuPath", job))

    def _on_answered(self, view: View) -> None:
        if self._slide is None or not self._layers.has(self._slide):
            return
        before, self._shared = self._shared, view
        here = self._layers.camera.view_of(self._slide)
        stayed = before is None or here.shows_same(before)  # else the user moved on while QuPath was asked
        if stayed and not here.shows_same(view):
            self._layers.camera.show_view(self._slide, view)

    def _on_failed(self, error: MsmMilError) -> None:
        if self._slide is not None:
            self._end(error)

    def _end(self, error: MsmMilError | None) -> None:
        self.stop()
        self.ended.emit(error)
