"""The scale bar: a pathologist reads a map with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari import Viewer


def show_scale_bar(viewer: Viewer) -> None:
    """Show napari's scale bar; its unit is that of the layers."""
    viewer.canvas.overlays["scale_bar"].visible = True
