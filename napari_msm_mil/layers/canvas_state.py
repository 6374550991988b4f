"""The canvas as the user has arranged it: order and selection of layers, camera, grid, and layers that are not ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari.layers import Layer

from napari_msm_mil.layers.display_writer import layer_key

if TYPE_CHECKING:
    from napari import Viewer


@dataclass(frozen=True, slots=True, eq=False)
class CanvasState:
    """What a display does not hold."""

    order: tuple[Layer, ...]
    visible: dict[Layer, bool]
    named: dict[Layer, bool]
    selected: frozenset[Layer]
    center: tuple[float, ...]
    zoom: float
    grid: dict[str, Any]


def read_canvas(viewer: Viewer) -> CanvasState:
    """Read how the canvas is arranged."""
    camera, layers = viewer.scene.camera, tuple(viewer.layers)
    return CanvasState(
        order=layers,
        visible={layer: layer.visible for layer in layers if layer_key(layer) is None},
        named={layer: layer.name_overlay.visible for layer in layers if "stage" not in layer.metadata},
        selected=frozenset(viewer.layers.selection),
        center=tuple(camera.center),
        zoom=camera.zoom,
        grid=viewer.canvas.grid.model_dump(),
    )


def clear_canvas(state: CanvasState) -> None:
    """Hide every layer that no display shows or hides, and the names of all layers but stages."""
    for layer in state.visible:
        layer.visible = False
    for layer in state.named:
        layer.name_overlay.visible = False


def restore_canvas(viewer: Viewer, state: CanvasState) -> None:
    """Arrange the canvas as it was; layers that were added meanwhile stay, on top, removed ones stay away."""
    viewer.canvas.grid.update(state.grid)
    order_layers(viewer, state.order)
    for layer, visible in state.visible.items():
        layer.visible = visible
    for layer, named in state.named.items():
        layer.name_overlay.visible = named
    viewer.layers.selection = {layer for layer in state.selected if layer in viewer.layers}
    viewer.scene.camera.center, viewer.scene.camera.zoom = state.center, state.zoom


def order_layers(viewer: Viewer, layers: tuple[Layer, ...]) -> None:
    """Move these layers to the bottom, in this order; one that is named twice counts where it is first."""
    for place, layer in enumerate(layer for layer in dict.fromkeys(layers) if layer in viewer.layers):
        now = viewer.layers.index(layer)
        if now != place:
            viewer.layers.move(now, place)
