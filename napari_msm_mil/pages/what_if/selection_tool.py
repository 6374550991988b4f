"""Tiles that a user points at: a region drawn on the slide, or tiles clicked one by one; told while they change."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import shapely
from napari.layers import Shapes
from qtpy.QtCore import QObject, QTimer, Signal

from msm_mil_core.errors import RegionError
from msm_mil_core.explain.selection import Selection, SingleTiles, drawn_region
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.regions import drawn_polygons
from napari_msm_mil.layers.tile_map_layers import outline_layer
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.pages.what_if.step_form import Drawn

CLICKED = "clicked"
CLICKED_RGB = (0.05, 0.05, 0.05)
REGION_NAME = "Region to ask about"
PAUSE_MS = 15
"""Changes that come closer together are told as one."""
HINTS: dict[Drawn, str] = {
    "region": "Click corners on the slide and double-click to close the polygon. Move its corners afterwards: "
    "the answer follows.",
    "tiles": "Click tiles on the slide; another click takes one back. The answer follows.",
}


class Pointing(QObject):
    """One selection at a time that follows the mouse until it is ended."""

    pointed = Signal(object)
    """The `Selection`, or None where nothing is meant any more."""

    def __init__(self, layers: ViewerLayers) -> None:
        super().__init__(layers)
        self._layers = layers
        self._result: SlideResult | None = None
        self._shapes: Shapes | None = None
        self._tiles: list[int] | None = None
        self._told: Selection | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._tell_region)

    @property
    def clicking(self) -> bool:
        """Whether clicks on the slide choose tiles."""
        return self._tiles is not None

    def begin(self, result: SlideResult, drawn: Drawn) -> None:
        """Let the user point; what was pointed at before stays as it was told."""
        self.end()
        self._result = result
        if drawn == "tiles":
            self._tiles = []
            return
        self._shapes = self._layers.add_region(result, REGION_NAME)
        for event in (self._shapes.events.data, self._shapes.events.set_data):
            event.connect(self._on_shapes_changed)

    def end(self) -> None:
        """Let go of the mouse; the drawn layer stays, the outline of clicked tiles goes."""
        if self._shapes is not None:
            for event in (self._shapes.events.data, self._shapes.events.set_data):
                event.disconnect(self._on_shapes_changed)
            if self._layers.has(self._shapes):
                self._shapes.mode = "pan_zoom"
        if self._tiles is not None and self._result is not None:
            self._layers.remove_map(self._result, CLICKED)
        self._pause.stop()
        self._shapes, self._tiles, self._told = None, None, None

    def click(self, tile: int) -> None:
        """Choose a tile, or take it back."""
        if self._tiles is None or self._result is None:
            return
        self._tiles = [one for one in self._tiles if one != tile] if tile in self._tiles else [*self._tiles, tile]
        chosen = np.isin(np.arange(len(self._result.tiles)), self._tiles)
        self._layers.show_map(self._result, CLICKED, outline_layer(self._result, chosen, "Clicked tiles", CLICKED_RGB))
        self.pointed.emit(SingleTiles(tiles=tuple(self._tiles)) if self._tiles else None)

    def _on_shapes_changed(self) -> None:
        self._pause.start()

    def _tell_region(self) -> None:
        selection = self._region()
        if selection != self._told:
            self._told = selection
            self.pointed.emit(selection)

    def _region(self) -> Selection | None:
        if self._shapes is None or self._result is None or not self._layers.has(self._shapes):
            return None
        result = self._result
        with suppress(RegionError, ValueError):  # a polygon of which only the first corners are there
            polygons = drawn_polygons(
                self._shapes, lambda world: self._layers.placement.require_place_px0(result, world)
            )
            closed = tuple(polygon for polygon in polygons if shapely.make_valid(polygon).area > 0)
            return drawn_region(closed) if closed else None
        return None
