"""Connects the mouse and the read-out: the tile under the mouse, and the one that is locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.pages.readout.panel import ReadoutPanel
from napari_msm_mil.pages.readout.tile_reading import TileReader

if TYPE_CHECKING:
    from napari import Viewer
    from napari.utils.events import Event


class ReadoutController(QObject):
    """Reads what all stages say of a tile of the result that is shown."""

    def __init__(self, viewer: Viewer, layers: ViewerLayers, readout: ReadoutPanel) -> None:
        super().__init__(readout)
        self._viewer, self._layers, self._readout = viewer, layers, readout
        self._result: SlideResult | None = None
        self._reader: TileReader | None = None
        self._class_index = 0
        self._locked: int | None = None
        viewer.mouse_move_callbacks.append(self._on_mouse_moved)
        viewer.events.mouse_over_canvas.connect(self._on_mouse_left)

    def stop(self) -> None:
        """Stop listening to the viewer's mouse."""
        if self._on_mouse_moved in self._viewer.mouse_move_callbacks:
            self._viewer.mouse_move_callbacks.remove(self._on_mouse_moved)
        self._viewer.events.mouse_over_canvas.disconnect(self._on_mouse_left)

    def show_result(self, result: SlideResult | None) -> None:
        """Read this result from now on."""
        self._result, self._locked, self._class_index = result, None, 0
        self._reader = None if result is None else TileReader(result)
        if result is not None:
            self._readout.show_result(result)

    def read_class(self, index: int) -> None:
        """Read evidence for this class from now on."""
        self._class_index = index
        self.lock(self._locked)

    def tile_at(self, world: tuple[float, ...]) -> int | None:
        """Return the tile at a place of the viewer; None where there is none."""
        if self._result is None or self._reader is None:
            return None
        place_px0 = self._layers.placement.place_px0(self._result, world)
        return None if place_px0 is None else self._reader.tile_at(*place_px0)

    def lock(self, tile: int | None) -> None:
        """Lock the read-out on a tile; None lets it follow the mouse again."""
        self._locked = tile
        if self._reader is not None:
            self._readout.lock(None if tile is None else self._reader.read(tile, self._class_index))

    def _on_mouse_moved(self, _viewer: Viewer, event: Event) -> None:
        tile = self.tile_at(event.position)
        if self._reader is not None:
            self._readout.read(None if tile is None else self._reader.read(tile, self._class_index))

    def _on_mouse_left(self) -> None:
        if not self._viewer.mouse_over_canvas:
            self._readout.read(None)
