"""A napari window of 1280 x 720 pixels, and what moving its camera costs, view by view."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import napari
import numpy as np
from napari.layers import Layer
from qtpy.QtWidgets import QApplication

WINDOW_PX = 1280, 720
MOVE = 0.25
"""Of a pan, as a share of the canvas."""
LEG = 8
"""Moves to the right after which a pan goes down once."""
ZOOM = 1.25
ZOOM_STEPS = 16
"""Steps out from level 0 before the way back."""
NO_ZOOM = 1.0001

LayerData = tuple[Any, dict[str, Any], str]


@dataclass(frozen=True, slots=True)
class ViewCosts:
    """What each view took, until it was drawn."""

    cpu_s: Sequence[float]
    wall_s: Sequence[float]


class Window:
    """A viewer in a window of its own."""

    def __init__(self, layers: Iterable[LayerData]) -> None:
        self.viewer = napari.Viewer(show=False)
        self.viewer.window.resize(*WINDOW_PX)
        self.viewer.window.show()
        self.show(layers)

    def show(self, layers: Iterable[LayerData]) -> None:
        """Show these layers alone, whole, and draw them."""
        self.viewer.layers.clear()
        for layer in layers:
            self.viewer.add_layer(Layer.create(*layer))
        self.viewer.reset_view()
        settle()

    def pan(self, start_px0: tuple[float, float], moves: int) -> ViewCosts:
        """Look at level 0 from here on, a quarter of the view at a time, to the right and now and then down."""
        camera = self.viewer.scene.camera
        camera.zoom = 1 / self._um_per_px0
        camera.center = tuple(self._um_per_px0 * at for at in start_px0)
        settle()

        def move(number: int) -> None:
            step = np.array(self.viewer.canvas.size) * MOVE / camera.zoom
            down = number % LEG == LEG - 1
            camera.center = tuple(np.array(camera.center[-2:]) + step * ((1, 0) if down else (0, 1)))

        return _costs(move, moves)

    def zoom(self, center_px0: tuple[float, float], moves: int) -> ViewCosts:
        """Zoom out from level 0 step by step, and in again."""
        camera = self.viewer.scene.camera
        camera.center = tuple(self._um_per_px0 * at for at in center_px0)
        camera.zoom = 1 / self._um_per_px0
        settle()

        def move(number: int) -> None:
            outwards = number // ZOOM_STEPS % 2 == 0
            camera.zoom = camera.zoom / ZOOM if outwards else camera.zoom * ZOOM

        return _costs(move, moves)

    def redraw(self, moves: int) -> ViewCosts:
        """Move by a pixel, to and fro: what drawing alone costs."""
        camera = self.viewer.scene.camera
        y, x = camera.center[-2:]
        return _costs(lambda number: setattr(camera, "center", (y + number % 2 / camera.zoom, x)), moves)

    def rezoom(self, moves: int) -> ViewCosts:
        """Zoom by next to nothing, to and fro: what drawing alone costs in a zoom."""
        camera = self.viewer.scene.camera
        return _costs(lambda number: setattr(camera, "zoom", camera.zoom * NO_ZOOM ** (1 - number % 2 * 2)), moves)

    def close(self) -> None:
        """Close the window."""
        self.viewer.close()
        settle()

    @property
    def _um_per_px0(self) -> float:
        return float(self.viewer.layers[0].scale[-1])


def settle() -> None:
    """Let Qt draw what is to be drawn, and napari what follows from it."""
    for _ in range(3):
        QApplication.processEvents()


def _costs(move: Callable[[int], None], moves: int) -> ViewCosts:
    cpu, wall = [time.process_time()], [time.perf_counter()]
    for number in range(moves):
        move(number)
        settle()
        cpu.append(time.process_time())
        wall.append(time.perf_counter())
    return ViewCosts(np.diff(cpu).tolist(), np.diff(wall).tolist())
