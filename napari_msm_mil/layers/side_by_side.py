"""Stages side by side: one cell of napari's grid each, the slide under every map, all moving together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from napari.layers import Image, Layer
from qtpy.QtCore import QObject, QTimer, Signal

from msm_mil_core.display.stage_display import CLAIMED, LayerKey
from msm_mil_core.display.stage_style import stage_rgb
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.canvas_state import CanvasState, clear_canvas, order_layers, read_canvas, restore_canvas
from napari_msm_mil.layers.display_writer import layer_key
from napari_msm_mil.layers.layer_data import TITLE
from napari_msm_mil.layers.result_displays import ResultDisplays
from napari_msm_mil.layers.tile_map_layers import outline_layer
from napari_msm_mil.layers.viewer_layers import ViewerLayers

if TYPE_CHECKING:
    from napari import Viewer

COPY = "side by side"
"""Key in the metadata of layers that exist only while stages stand side by side."""
GAP_PX = 6
"""Between cells, on the screen."""


class SideBySide(QObject):
    """Divides the canvas into cells, and restores it."""

    changed = Signal(bool)

    def __init__(self, viewer: Viewer, layers: ViewerLayers, displays: ResultDisplays) -> None:
        super().__init__(layers)
        self._viewer, self._layers, self._displays = viewer, layers, displays
        self._result: SlideResult | None = None
        self._before: CanvasState | None = None
        self._existing: frozenset[Layer] = frozenset()
        self._ending = QTimer(self)  # napari is still busy with a layer when it reports that it was added or removed
        self._ending.setSingleShot(True)
        self._ending.timeout.connect(self.stop)
        layers.listed.connect(self._on_listed)
        displays.changed.connect(self._on_displays_changed)

    @property
    def on(self) -> bool:
        """Whether stages stand side by side."""
        return self._before is not None

    def start(self, result: SlideResult, maps: Sequence[Image] = ()) -> None:
        """Give each stage a cell of its own, or each of other maps; does nothing where another dock has done it."""
        stages = maps or self._layers.stages(result)
        if self.on or not stages or any(COPY in layer.metadata for layer in self._viewer.layers):
            return
        self._displays.show(result, self._displays.display(result).without_temporary())
        self._result, before = result, read_canvas(self._viewer)
        shape = self._shape(len(stages), result)
        cells = [self._cell(result, stage, thicker=max(shape)) for stage in stages]
        self._arrange(result, cells, before, frozenset(filter(None, map(layer_key, maps))))
        self._before, self._existing = before, frozenset(self._viewer.layers)
        grid = self._viewer.canvas.grid
        grid.update({"stride": len(cells[0]), "shape": shape, "spacing": GAP_PX, "enabled": True})
        self._aim(before)
        grid.events.enabled.connect(self._on_grid)
        self.changed.emit(True)

    def stop(self) -> None:
        """Restore the canvas; layers that were added meanwhile stay, those that were removed stay away."""
        before, self._before = self._before, None
        if before is None:
            return
        self._ending.stop()
        self._viewer.canvas.grid.events.enabled.disconnect(self._on_grid)
        self._viewer.canvas.grid.enabled = False  # first: napari lays all cells out again at every change
        for copy in [layer for layer in self._viewer.layers if COPY in layer.metadata]:
            self._viewer.layers.remove(copy)
        restore_canvas(self._viewer, before)
        for result in self._layers.results():
            self._displays.show(result, self._displays.display(result).without_temporary())
        self.changed.emit(False)

    def _arrange(
        self, result: SlideResult, cells: list[list[Layer]], before: CanvasState, maps: frozenset[LayerKey]
    ) -> None:
        """Hide all but the cells, of which the bottom layers carry the titles."""
        order_layers(self._viewer, (*(layer for cell in cells for layer in cell), *before.order))
        clear_canvas(before)
        for other in self._layers.results():
            display = self._displays.display(other)
            shown = (maps or display.present) if other is result else frozenset[LayerKey]()
            self._displays.show(other, display.with_cells(shown, titled=self._layers.slide_under(other) is None))

    def _cell(self, result: SlideResult, stage: Image, thicker: int) -> list[Layer]:
        """Return the layers of a cell, bottom first: the slide, the map, and the claimed tiles if outlined."""
        slide, claimed = self._layers.slide_under(result), self._layers.layer_by_key(result, CLAIMED)
        cell: list[Layer] = [stage]
        if slide is not None:
            cell = [self._add(_copy(slide, _title(result, stage))), stage]
            cell[0].name_overlay.visible = True
        if claimed is not None and claimed.visible and "stage" in stage.metadata:
            cell.append(self._add(_claims(result, stage.metadata["stage"], claimed, thicker)))
        return cell

    def _add(self, copy: Layer) -> Layer:
        selected = set(self._viewer.layers.selection)
        self._viewer.add_layer(copy)
        self._viewer.layers.selection = selected
        return copy

    def _shape(self, cells: int, result: SlideResult) -> tuple[int, int]:
        """Return the rows and columns in which the slide is seen largest."""
        (height, width), (across, down) = self._viewer.canvas.size, result.slide.size_px0
        shapes = [(rows, -(-cells // rows)) for rows in range(1, cells + 1)]
        return max(shapes, key=lambda shape: min(height / shape[0] / down, width / shape[1] / across))

    def _aim(self, before: CanvasState) -> None:
        """Show in each cell what filled the canvas; of a slide that was seen whole, all that fits."""
        self._viewer.reset_view()
        camera, zoom = self._viewer.scene.camera, before.zoom / max(self._viewer.canvas.grid.shape)
        if zoom > camera.zoom:
            camera.center, camera.zoom = before.center, zoom

    def _on_listed(self) -> None:
        if self.on and frozenset(self._viewer.layers) != self._existing:
            self._ending.start(0)

    def _on_displays_changed(self) -> None:
        if self.on and self._result is not None and not self._displays.display(self._result).side_by_side:
            self.stop()

    def _on_grid(self) -> None:
        if not self._viewer.canvas.grid.enabled:
            self._ending.start(0)


def _title(result: SlideResult, shown: Image) -> str:
    if "stage" in shown.metadata:
        return result.prediction.map_names[shown.metadata["stage"]]
    return f"{shown.metadata[TITLE]}, rank"


def _copy(layer: Layer, name: str) -> Layer:
    """Return a second layer of the same pixels in the same place."""
    data, state, kind = layer.as_layer_data_tuple()
    return Layer.create(data, state | {"name": name, "metadata": {COPY: True}, "visible": True}, kind)


def _claims(result: SlideResult, index: int, claimed: Layer, thicker: int) -> Layer:
    """Return a layer that outlines what one stage claims, thick enough for a small cell, where all outlines lie."""
    red, green, blue = (channel / 255 for channel in stage_rgb(index))
    chosen = result.prediction.stages[index].claimed
    data, state, kind = outline_layer(
        result, chosen, f"{result.prediction.map_names[index]} claims", (red, green, blue)
    )
    style: dict[str, Any] = {"edge_width": thicker * state["edge_width"], "opacity": claimed.opacity}
    return Layer.create(data, state | style | {"affine": claimed.affine, "metadata": {COPY: True}}, kind)
