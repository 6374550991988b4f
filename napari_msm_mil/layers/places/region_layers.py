"""The layers of regions: drawn in this window, or from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image, Shapes
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.regions import Regions
from napari_msm_mil.layers.places.layer_transform import AXIS_LABELS, MICROMETRES, PIXELS
from napari_msm_mil.layers.places.regions import shapes_of

if TYPE_CHECKING:
    from napari import Viewer

REGIONS = "regions"
"""Key in the metadata of a layer with regions that came from elsewhere."""
STYLE = {"edge_color": "#111111", "face_color": "#FFFFFF55", "opacity": 0.9}
LINE = 4 / 2000
"""Width of an outline, as a share of the slide's diagonal."""


class RegionLayers(QObject):
    """Finds regions, and adds layers of them over slides."""

    about_to_change = Signal()
    """A layer of regions is going to be added."""

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer

    def all(self) -> tuple[Shapes, ...]:
        """Return the layers that can limit a run, bottom first."""
        return tuple(layer for layer in self._viewer.layers if isinstance(layer, Shapes))

    def selected(self) -> Shapes | None:
        """Return the selected layer if it holds regions that came from elsewhere; None if it does not."""
        active = self._viewer.layers.selection.active
        return active if isinstance(active, Shapes) and REGIONS in active.metadata and len(active.data) else None

    def add_empty(self, result: SlideResult, name: str) -> Shapes:
        """Add an empty layer of shapes over a slide, selected and ready to draw a polygon in."""
        self.about_to_change.emit()
        units = PIXELS if result.slide.mpp is None else MICROMETRES
        across = float(np.linalg.norm(np.asarray(result.slide.size_px0))) * (result.slide.mpp or 1.0)
        region = Shapes(ndim=2, name=name, units=units, axis_labels=AXIS_LABELS, edge_width=LINE * across, **STYLE)
        self._show(region)
        region.mode = "add_polygon"
        return region

    def add(self, slide: Image, regions: Regions, name: str) -> Shapes:
        """Add regions as a layer of shapes over a slide, with what they are called in its features."""
        self.about_to_change.emit()
        arguments = shapes_of(regions, lambda place: _place_world(slide, place))
        across = float(np.linalg.norm(slide.extent.world[1] - slide.extent.world[0]))
        style = {"name": name, "units": slide.units, "axis_labels": AXIS_LABELS, "edge_width": LINE * across, **STYLE}
        layer = Shapes(**arguments, **style, metadata={REGIONS: True})
        self._show(layer)
        return layer

    def _show(self, layer: Shapes) -> None:
        self._viewer.add_layer(layer)
        self._viewer.layers.selection.active = layer


def _place_world(slide: Image, place_px0: tuple[float, float]) -> NDArray[np.float64]:
    """Return where a place on a slide (x, y) lies in the world, as (y, x)."""
    x_px0, y_px0 = place_px0
    return np.asarray(slide.data_to_world((y_px0 - 0.5, x_px0 - 0.5)))[-2:]
