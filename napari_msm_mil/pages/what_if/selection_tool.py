"""Tiles that a user selects with the mouse: a region drawn on the slide, or tiles clicked one by one."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import shapely
from napari.layers import Shapes
from qtpy.QtCore import QObject, Signal
from superqt.utils import QSignalDebouncer

from msm_mil_core.errors import RegionError
from msm_mil_core.explain.selections.selection import Selection, SingleTiles, drawn_region
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.places.regions import drawn_polygons
from napari_msm_mil.layers.tile_map_layers import outline_layer
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.pages.what_if.step_form import Drawn

CLICKED = "clicked"
CLICKED_RGB = (0.05, 0.05, 0.05)
REGION_NAME = "Region to ask about"
PAUSE_MS = 15
"""Changes of a drawn region that follow each other sooner are reported as one."""
HINTS: dict[Drawn, str] = {
    "region": "Click corners on the slide and double-click to close the polygon. Move its corners afterwards: "
    "the answer is updated.",
    "tiles": "Click tiles on the slide; click again to deselect one. The answer is updated.",
}


class SelectionTool(QObject):
    """One selection at a time that follows the mouse until it is stopped."""

    selected = Signal(object)
    """The `Selection`, or None where nothing is selected any more."""

    def __init__(self, layers: ViewerLayers) -> None:
        super().__init__(layers)
        self._layers = layers
        self._result: SlideResult | None = None
        self._shapes: Shapes | None = None
        self._tiles: list[int] | None = None
        self._reported: Selection | None = None
        self._changes = QSignalDebouncer(parent=self)
        self._changes.setTimeout(PAUSE_MS)
        self._changes.triggered.connect(self._report_region)

    @property
    def clicking(self) -> bool:
        """Whether clicks on the slide select tiles."""
        return self._tiles is not None

    def start(self, result: SlideResult, drawn: Drawn) -> None:
        """Let the user select; what was selected before stays as it was reported.

        Where a layer with shapes is selected, as regions from QuPath are, its shapes are the region.
        """
        self.stop()
        self._result = result
        if drawn == "tiles":
            self._tiles = []
            return
        given = self._layers.regions.selected()
        self._shapes = self._layers.regions.add_empty(result, REGION_NAME) if given is None else given
        for event in (self._shapes.events.data, self._shapes.events.set_data):
            event.connect(self._on_shapes_changed)
        if given is not None:
            self._changes.throttle()

    def stop(self) -> None:
        """Stop following the mouse; the drawn layer stays, the outline of clicked tiles is removed."""
        if self._shapes is not None:
            for event in (self._shapes.events.data, self._shapes.events.set_data):
                event.disconnect(self._on_shapes_changed)
            if self._layers.has(self._shapes):
                self._shapes.mode = "pan_zoom"
        if self._tiles is not None and self._result is not None:
            self._layers.remove_map(self._result, CLICKED)
        self._changes.cancel()
        self._shapes, self._tiles, self._reported = None, None, None

    def click(self, tile: int) -> None:
        """Select a tile, or deselect it."""
        if self._tiles is None or self._result is None:
            return
        self._tiles = [one for one in self._tiles if one != tile] if tile in self._tiles else [*self._tiles, tile]
        chosen = np.isin(np.arange(len(self._result.tiles)), self._tiles)
        self._layers.show_map(self._result, CLICKED, outline_layer(self._result, chosen, "Clicked tiles", CLICKED_RGB))
        self.selected.emit(SingleTiles(tiles=tuple(self._tiles)) if self._tiles else None)

    def _on_shapes_changed(self) -> None:
        self._changes.throttle()

    def _report_region(self) -> None:
        selection = self._region()
        if selection != self._reported:
            self._reported = selection
            self.selected.emit(selection)

    def _region(self) -> Selection | None:
        if self._shapes is None or self._result is None or not self._layers.has(self._shapes):
            return None
        result = self._result
        with suppress(RegionError, ValueError):  # a polygon of which only the first corners are drawn
            polygons = drawn_polygons(
                self._shapes, lambda world: self._layers.placement.require_place_px0(result, world)
            )
            closed = tuple(polygon for polygon in polygons if shapely.make_valid(polygon).area > 0)
            return drawn_region(closed) if closed else None
        return None
