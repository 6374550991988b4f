"""Stages side by side: one cell of napari's grid each, the slide under every map, all moving together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari.layers import Image, Layer
from qtpy.QtCore import QObject, QTimer, Signal

from msm_mil_core.display.stage_style import stage_name, stage_rgb
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.layer_data import CLAIMED
from napari_msm_mil.layers.stage_layers import StageLayers
from napari_msm_mil.layers.tile_map_layers import outline_layer
from napari_msm_mil.layers.viewer_layers import ViewerLayers

if TYPE_CHECKING:
    from napari import Viewer

COPY = "side by side"
"""Key in the metadata of layers that are there for a while only."""
GAP_PX = 6
"""Between cells, on the screen."""


@dataclass(frozen=True, slots=True, eq=False)
class _Before:
    """What the user saw."""

    order: tuple[Layer, ...]
    visible: dict[Layer, bool]
    named: dict[Layer, bool]
    selected: frozenset[Layer]
    alone: int | None
    centre: tuple[float, ...]
    zoom: float
    grid: dict[str, Any]


class SideBySide(QObject):
    """Takes the viewer apart into cells, and puts it together again as it was."""

    changed = Signal(bool)

    def __init__(self, viewer: Viewer, layers: ViewerLayers, stages: StageLayers) -> None:
        super().__init__(layers)
        self._viewer, self._layers, self._stages = viewer, layers, stages
        self._result: SlideResult | None = None
        self._before: _Before | None = None
        self._there: frozenset[Layer] = frozenset()
        self._ending = QTimer(self)  # napari has not finished with a layer that comes or goes when it tells of it
        self._ending.setSingleShot(True)
        self._ending.timeout.connect(self.stop)
        layers.listed.connect(self._on_listed)

    @property
    def on(self) -> bool:
        """Whether stages stand side by side."""
        return self._before is not None

    def start(self, result: SlideResult) -> None:
        """Give each stage a cell of its own; does nothing where another dock has done it."""
        order, stages = self._layers.all(), self._layers.stages(result)
        if self.on or not stages or any(COPY in layer.metadata for layer in order):
            return
        alone = self._stages.alone(result)
        self._stages.set_alone(result, None)
        self._result, self._before = result, self._look(alone)
        self._stages.hold(result)
        shape = self._shape(len(stages), result)
        cells = [self._cell(result, stage, thicker=max(shape)) for stage in stages]
        self._arrange(cells, order)
        self._there = frozenset(self._layers.all())
        grid = self._viewer.canvas.grid
        grid.update({"stride": len(cells[0]), "shape": shape, "spacing": GAP_PX, "enabled": True})
        self._aim(self._before)
        self._viewer.canvas.grid.events.enabled.connect(self._on_grid)
        self.changed.emit(True)

    def stop(self) -> None:
        """Bring back what the user saw before; layers that came meanwhile stay, those that went stay away."""
        before, self._before = self._before, None
        if before is None or self._result is None:
            return
        self._there = frozenset()
        self._ending.stop()
        self._viewer.canvas.grid.events.enabled.disconnect(self._on_grid)
        self._viewer.canvas.grid.enabled = False  # first: napari lays cells out anew at every change
        self._viewer.canvas.grid.update(before.grid)
        self._put_back(before)
        self._stages.resume()
        if before.alone is not None and self._layers.stages(self._result, before.alone):
            self._stages.set_alone(self._result, before.alone)
        self._layers.select(*(layer for layer in before.selected if self._layers.has(layer)))
        camera = self._viewer.scene.camera
        camera.center, camera.zoom = before.centre, before.zoom
        self.changed.emit(False)

    def _look(self, alone: int | None) -> _Before:
        order, grid, camera = self._layers.all(), self._viewer.canvas.grid, self._viewer.scene.camera
        return _Before(
            order=order,
            visible={layer: layer.visible for layer in order},
            named={layer: layer.name_overlay.visible for layer in order},
            selected=self._layers.selected(),
            alone=alone,
            centre=tuple(camera.center),
            zoom=camera.zoom,
            grid=grid.model_dump(),
        )

    def _cell(self, result: SlideResult, stage: Image, thicker: int) -> list[Layer]:
        """Return the layers of a cell, bottom first: the slide, the map, and what the stage claims if that is seen."""
        slide, claimed = self._layers.slide_of(result.slide), self._layers.layer_by_key(result, CLAIMED)
        cell: list[Layer] = [stage]
        if slide is not None:
            cell = [self._add(_copy(slide, stage_name(stage.metadata["stage"]))), stage]
        if claimed is not None and claimed.visible:
            cell.append(self._add(_claims(result, stage.metadata["stage"], claimed, thicker)))
        return cell

    def _add(self, copy: Layer) -> Layer:
        self._layers.add(copy)
        return copy

    def _arrange(self, cells: list[list[Layer]], order: tuple[Layer, ...]) -> None:
        shown = [layer for cell in cells for layer in cell]
        self._layers.order([*shown, *order])
        for layer in order:
            layer.visible, layer.name_overlay.visible = layer in shown, False
        for bottom, *_ in cells:
            bottom.name_overlay.visible = True

    def _shape(self, cells: int, result: SlideResult) -> tuple[int, int]:
        """Return the rows and columns in which the slide is seen largest."""
        (height, width), (across, down) = self._viewer.canvas.size, result.slide.size_px0
        shapes = [(rows, -(-cells // rows)) for rows in range(1, cells + 1)]
        return max(shapes, key=lambda shape: min(height / shape[0] / down, width / shape[1] / across))

    def _aim(self, before: _Before) -> None:
        """Show in each cell what filled the canvas; of a slide that was seen whole, all that fits."""
        self._viewer.reset_view()
        camera, zoom = self._viewer.scene.camera, before.zoom / max(self._viewer.canvas.grid.shape)
        if zoom > camera.zoom:
            camera.center, camera.zoom = before.centre, zoom

    def _put_back(self, before: _Before) -> None:
        for copy in (layer for layer in self._layers.all() if COPY in layer.metadata):
            self._layers.remove(copy)
        there = [layer for layer in before.order if self._layers.has(layer)]
        self._layers.order(there)
        for layer in there:
            layer.visible, layer.name_overlay.visible = before.visible[layer], before.named[layer]

    def _on_listed(self) -> None:
        if self.on and self._there and frozenset(self._layers.all()) != self._there:
            self._ending.start(0)

    def _on_grid(self) -> None:
        if not self._viewer.canvas.grid.enabled:
            self._ending.start(0)


def _copy(layer: Layer, name: str) -> Layer:
    """Return a second layer of the same pixels in the same place."""
    data, state, kind = layer.as_layer_data_tuple()
    return Layer.create(data, state | {"name": name, "metadata": {COPY: True}, "visible": True}, kind)


def _claims(result: SlideResult, index: int, claimed: Layer, thicker: int) -> Layer:
    """Return a layer that outlines what one stage claims, thick enough for a small cell, where all outlines lie."""
    red, green, blue = (channel / 255 for channel in stage_rgb(index))
    chosen = result.prediction.stages[index].claimed
    data, state, kind = outline_layer(result, chosen, f"{stage_name(index)} claims", (red, green, blue))
    look: dict[str, Any] = {"edge_width": thicker * state["edge_width"], "opacity": claimed.opacity}
    return Layer.create(data, state | look | {"affine": claimed.affine, "metadata": {COPY: True}}, kind)
