"""Places of slides in a viewer, and the calibration of slides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image, Shapes

from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.layer_search import stage_layers_of
from napari_msm_mil.layers.places.layer_transform import MICROMETRES

if TYPE_CHECKING:
    from napari import Viewer

World = tuple[float, ...]


class SlidePlacement:
    """Converts between the viewer and its slides, and calibrates slides."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer

    def place_px0(self, result: SlideResult, world: World) -> tuple[float, float] | None:
        """Return the place on the slide (x, y) that a point of the world shows; None if no layer shows the result."""
        stage = next(iter(stage_layers_of(self._viewer.layers, result)), None)
        if stage is None:
            return None
        row, col = stage.world_to_data(world)[-2:]
        raster = stage.metadata["shown"].images.raster
        x_px0, y_px0 = (np.array([col, row]) + 0.5) * raster.cell_px0 + raster.origin_px0
        return float(x_px0), float(y_px0)

    def require_place_px0(self, result: SlideResult, world: World) -> tuple[float, float]:
        """Return the place on the slide (x, y) that a point of the world shows.

        Raises
        ------
        ValueError
            If no layer shows the result.
        """
        place_px0 = self.place_px0(result, world)
        if place_px0 is None:
            raise ValueError(f"No layer shows where {result.slide.name} lies.")
        return place_px0

    def calibrate(self, slide: Image, mpp: float) -> None:
        """Give a slide the micrometres per pixel that the user typed; regions go along, and its results follow it."""
        growth = mpp / (slide.metadata["mpp"] or 1.0)
        regions = [layer for layer in self._viewer.layers if isinstance(layer, Shapes) and layer.units == slide.units]
        for layer in (slide, *regions):
            layer.scale = np.asarray(layer.scale) * growth
            layer.translate = np.asarray(layer.translate) * growth
            layer.units = MICROMETRES
        slide.metadata.update(mpp=mpp, mpp_origin="user")
        camera = self._viewer.scene.camera
        camera.center, camera.zoom = tuple(np.asarray(camera.center) * growth), camera.zoom / growth
