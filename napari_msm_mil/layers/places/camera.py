"""The viewer's camera, aimed at places of a slide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image

from msm_mil_core.export.qupath.live.camera import View
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.layer_search import stage_layers_of
from napari_msm_mil.layers.places.layer_transform import map_to_world

if TYPE_CHECKING:
    from napari import Viewer


class SlideCamera:
    """Moves the camera over the slide of a result."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer

    def center_on(self, result: SlideResult, xy_px0: tuple[float, float], across_px0: float) -> None:
        """Move to a place of the slide, so that `across_px0` fill the shorter side of the canvas."""
        stage = next(iter(stage_layers_of(self._viewer.layers, result)), None)
        if stage is None:
            return
        x_px0, y_px0 = xy_px0
        here, below = (map_to_world(stage, place) for place in (xy_px0, (x_px0, y_px0 + across_px0)))
        camera = self._viewer.scene.camera
        camera.center = (*camera.center[:-2], *map(float, here))
        camera.zoom = min(self._viewer.canvas.size) / float(np.linalg.norm(below - here))

    def view_of(self, slide: Image) -> View:
        """Return which place of a slide is in the middle of the canvas, and how large it is seen."""
        camera = self._viewer.scene.camera
        row, col = slide.world_to_data(camera.center[-2:])[-2:]
        return View((float(col) + 0.5, float(row) + 0.5), 1 / (camera.zoom * _world_per_px0(slide)))

    def show_view(self, slide: Image, view: View) -> None:
        """Move to a place of a slide, and see it as large."""
        x_px0, y_px0 = view.centre_px0
        camera = self._viewer.scene.camera
        camera.zoom = 1 / (view.px0_per_px * _world_per_px0(slide))
        camera.center = (*camera.center[:-2], *map(float, slide.data_to_world((y_px0 - 0.5, x_px0 - 0.5))[-2:]))


def _world_per_px0(slide: Image) -> float:
    origin, right = (np.asarray(slide.data_to_world(place)) for place in ((0, 0), (0, 1)))
    return float(np.linalg.norm(right - origin))
