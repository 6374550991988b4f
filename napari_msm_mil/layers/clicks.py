"""Clicks on the slide: pressed and released at one place, while no layer is being drawn in."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

if TYPE_CHECKING:
    from napari import Viewer
    from napari.utils.events import Event

FREE_MODES = {"pan_zoom", "transform"}
"""What a layer's mouse may be doing while a click means the tile below it."""
NEAR_PX = 4
"""How far the mouse may move between pressing and releasing, in pixels of the screen."""


class SlideClicks(QObject):
    """Reports where the user clicks, in world coordinates."""

    clicked = Signal(object)

    def __init__(self, viewer: Viewer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        viewer.mouse_drag_callbacks.append(self._on_pressed)

    def stop(self) -> None:
        """Stop listening to the viewer's mouse."""
        if self._on_pressed in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._on_pressed)

    def _on_pressed(self, viewer: Viewer, event: Event) -> Generator[None, None, None]:
        active = viewer.layers.selection.active
        free = event.button == 1 and (active is None or str(active.mode) in FREE_MODES)
        at, place = event.pos, event.position
        yield
        while event.type == "mouse_move":
            yield
        if free and max(abs(event.pos[0] - at[0]), abs(event.pos[1] - at[1])) <= NEAR_PX:
            self.clicked.emit(tuple(place))
