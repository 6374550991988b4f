"""The viewer's camera, aimed at places of a slide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.layer_search import stage_layers_of
from napari_msm_mil.layers.layer_transform import map_to_world

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
