"""The layers of slides, regions and results: the only file that touches `viewer.layers`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from napari.layers import Image, Layer, Shapes
from qtpy.QtCore import QObject, Signal

from msm_mil_core.results.annotations import View
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import Slide, SlideFacts
from napari_msm_mil.layers.layer_data import (
    AXIS_LABELS,
    LayerData,
    disambiguated,
    slide_affine,
    slide_layer,
    stage_layers,
)
from napari_msm_mil.layers.stage_veil import Veil

if TYPE_CHECKING:
    from napari import Viewer
    from napari.utils.events import Event

MICROMETRES = ("micrometer", "micrometer")
REGION_LOOK = {"edge_color": "#111111", "face_color": "#FFFFFF55", "opacity": 0.9}


class ViewerLayers(QObject):
    """Adds, finds and changes our layers; what they show is kept in their metadata and nowhere else."""

    listed = Signal()
    """Slide or region layers came, went or got another name."""
    chosen = Signal(object)
    """The user selected a layer of this `SlideResult`."""
    results_changed = Signal()
    """A layer of a result came or went."""
    about_to_change = Signal()
    """We are going to add layers or to take them away: what is shown for a while only must end first."""
    visible_changed = Signal(object)
    """A `Layer` of a result was shown or hidden."""

    def __init__(self, viewer: Viewer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._veil = Veil()
        self._connect()

    def stop(self) -> None:
        """Stop listening to the viewer."""
        layers = self._viewer.layers
        layers.events.inserted.disconnect(self._on_inserted)
        layers.events.removed.disconnect(self._on_removed)
        layers.events.renamed.disconnect(self._on_renamed)
        layers.selection.events.active.disconnect(self._on_active)
        for layer in layers:
            layer.events.visible.disconnect(self._on_visible)

    def slides(self) -> tuple[Image, ...]:
        """Return the slide layers, bottom first."""
        return tuple(layer for layer in self._viewer.layers if isinstance(layer, Image) and "slide" in layer.metadata)

    def regions(self) -> tuple[Shapes, ...]:
        """Return the layers that can limit a run, bottom first."""
        return tuple(layer for layer in self._viewer.layers if isinstance(layer, Shapes))

    def results(self) -> tuple[SlideResult, ...]:
        """Return the results of which at least one layer is there, latest last."""
        found = {id(layer.metadata["result"]): layer.metadata["result"] for layer in self._result_layers()}
        return tuple(found.values())

    def active_result(self) -> SlideResult | None:
        """Return the result to which the selected layer belongs."""
        active = self._viewer.layers.selection.active
        return None if active is None else cast("SlideResult | None", active.metadata.get("result"))

    def has(self, layer: Layer) -> bool:
        """Tell whether a layer is still in the viewer."""
        return layer in self._viewer.layers

    def all(self) -> tuple[Layer, ...]:
        """Return every layer, bottom first."""
        return tuple(self._viewer.layers)

    def order(self, layers: Sequence[Layer]) -> None:
        """Bring these layers to the bottom, in this order; one that is named twice counts where it is first."""
        for at, layer in enumerate(dict.fromkeys(layers)):
            now = self._viewer.layers.index(layer)
            if now != at:
                self._viewer.layers.move(now, at)

    def add(self, layer: Layer) -> None:
        """Add a layer, at the top; the selection stays."""
        selected = self.selected()
        self._viewer.add_layer(layer)
        self.select(*selected)

    def remove(self, layer: Layer) -> None:
        """Take a layer away."""
        self._viewer.layers.remove(layer)

    def selected(self) -> frozenset[Layer]:
        """Return the selected layers."""
        return frozenset(self._viewer.layers.selection)

    def slide_of(self, facts: SlideFacts) -> Image | None:
        """Return the layer that shows the slide with these facts."""
        same = (slide for slide in self.slides() if slide.metadata["facts"].quick_hash == facts.quick_hash)
        return next(same, None)

    def add_slide(self, slide: Slide) -> None:
        """Show an open slide as the reader does."""
        self.about_to_change.emit()
        self._viewer.add_layer(Layer.create(*slide_layer(slide)))

    def calibrate(self, slide: Image, mpp: float) -> None:
        """Give a slide the micrometres per pixel that the user typed; what lies on it on screen goes along."""
        growth = mpp / (slide.metadata["mpp"] or 1.0)
        for layer in (slide, *(region for region in self.regions() if region.units == slide.units)):
            layer.scale = np.asarray(layer.scale) * growth
            layer.translate = np.asarray(layer.translate) * growth
            layer.units = MICROMETRES
        slide.metadata.update(mpp=mpp, mpp_origin="user")
        for layer in self._result_layers():
            if self.slide_of(layer.metadata["result"].slide) == slide:
                layer.affine = slide_affine(slide, layer.metadata["result"])
        camera = self._viewer.scene.camera
        camera.center, camera.zoom = tuple(np.asarray(camera.center) * growth), camera.zoom / growth

    def kept(self, result: SlideResult) -> Path | None:
        """Return the file in which a result is kept."""
        layer = next(layer for layer in self._result_layers() if layer.metadata["result"] is result)
        if "kept" not in layer.metadata:
            return Path(layer.source.path) if layer.source.path else None  # opened from its file by drag and drop
        return cast("Path | None", layer.metadata["kept"])

    def show(self, result: SlideResult, kept: Path | None, view: View | None = None) -> None:
        """Add the layers of a result over its slide, as they were shown last; those of earlier results stay, hidden."""
        self.about_to_change.emit()
        slide = self.slide_of(result.slide)
        if slide is not None and slide.metadata["mpp"] is None and result.slide.mpp is not None:
            self.calibrate(slide, result.slide.mpp)
        run = 1 + sum(other.slide.name == result.slide.name for other in self.results())
        for layer in self._result_layers():
            layer.visible = False
        added = [self._prepared(result, data, run) for data in stage_layers(result, view)]
        for layer in added:
            layer.metadata["kept"] = kept
            self._viewer.add_layer(layer)
        self._viewer.layers.selection.active = added[0]

    def stages(self, result: SlideResult, index: int | None = None) -> tuple[Image, ...]:
        """Return the heatmaps of a result's stages, or that of one stage, as far as they are there."""
        images = (layer for layer in self._of(result) if isinstance(layer, Image) and "stage" in layer.metadata)
        return tuple(layer for layer in images if index in (None, layer.metadata["stage"]))

    def layer_by_key(self, result: SlideResult, key: str) -> Layer | None:
        """Return the layer that was put beside the stages of a result under this key."""
        return next((layer for layer in self._of(result) if layer.metadata.get("key") == key), None)

    def show_map(self, result: SlideResult, key: str, data: LayerData) -> Layer:
        """Put a layer beside the stages of a result, in place of the one under the same key, where that was.

        A map veils the stages' own maps, for colours on colours cannot be read; they come back with the last such map.
        """
        self.about_to_change.emit()
        old = self.layer_by_key(result, key)
        run = next((layer.metadata.get("run", 1) for layer in self._of(result)), 1)
        at = len(self._viewer.layers) if old is None else self._viewer.layers.index(old)
        active = self._viewer.layers.selection.active
        if old is not None:
            self._viewer.layers.remove(old)
        new = self._prepared(result, data, run)
        new.metadata["key"] = key
        if isinstance(new, Image):
            self._veil.lower(self.stages(result))
        self._viewer.layers.insert(at, new)
        self._viewer.layers.selection.active = new if active is None or active is old else active
        return new

    def add_region(self, result: SlideResult, name: str) -> Shapes:
        """Add an empty layer of shapes over a slide, selected and ready to draw a polygon in."""
        self.about_to_change.emit()
        units = MICROMETRES if result.slide.mpp is not None else ("pixel", "pixel")
        line_um = 4 * float(np.linalg.norm(np.asarray(result.slide.size_px0))) / 2000 * (result.slide.mpp or 1.0)
        region = Shapes(ndim=2, name=name, units=units, axis_labels=AXIS_LABELS, edge_width=line_um, **REGION_LOOK)
        self._viewer.add_layer(region)
        self._viewer.layers.selection.active = region
        region.mode = "add_polygon"
        return region

    def remove_map(self, result: SlideResult, key: str) -> None:
        """Take away the layer under a key, if there is one."""
        layer = self.layer_by_key(result, key)
        if layer is not None:
            self.about_to_change.emit()
            self._viewer.layers.remove(layer)

    def bring_back(self, result: SlideResult, seen: Collection[int]) -> None:
        """Show these stages and no others: at once, or where another map veils them, when that one goes."""
        stages = self.stages(result)
        self._veil.forget(stages)
        for layer in stages:
            layer.visible = layer.metadata["stage"] in seen
        if self._other_map(result):
            self._veil.lower(stages)

    def veiled(self, result: SlideResult) -> frozenset[int]:
        """Return the stages that are hidden as long as another map is shown."""
        return frozenset(layer.metadata["stage"] for layer in self.stages(result) if self._veil.covers(layer))

    def select(self, *layers: Layer) -> None:
        """Make these layers the selected ones."""
        self._viewer.layers.selection = layers

    def center_on(self, result: SlideResult, xy_px0: tuple[float, float], across_px0: float) -> None:
        """Move the camera to a place of the slide, so that `across_px0` fill the shorter side of the canvas."""
        layer = next(iter(self.stages(result)), None)
        if layer is None:
            return
        corner_px0, side_px0 = result.tiles.xy_px0.min(axis=0), result.tiles.side_px0
        col, row = (np.asarray(xy_px0) - corner_px0) / side_px0 - 0.5
        here = np.asarray(layer.data_to_world((row, col)))[-2:]
        beside = np.asarray(layer.data_to_world((row + across_px0 / side_px0, col)))[-2:]
        camera = self._viewer.scene.camera
        camera.center = (*camera.center[:-2], *map(float, here))
        camera.zoom = min(self._viewer.canvas.size) / float(np.linalg.norm(beside - here))

    def place_px0(self, result: SlideResult, world: tuple[float, ...]) -> tuple[float, float] | None:
        """Return the place on the slide (x, y) that a point of the world shows; None without layers to go by."""
        layer = next(iter(self.stages(result)), None)
        if layer is None:
            return None
        row, col = layer.world_to_data(world)[-2:]
        x_px0, y_px0 = (np.array([col, row]) + 0.5) * result.tiles.side_px0 + result.tiles.xy_px0.min(axis=0)
        return float(x_px0), float(y_px0)

    def require_place_px0(self, result: SlideResult, world: tuple[float, ...]) -> tuple[float, float]:
        """Return the place on the slide (x, y) that a point of the world shows; without layers the ground is gone."""
        place_px0 = self.place_px0(result, world)
        if place_px0 is None:
            raise ValueError(f"No layer tells where {result.slide.name} lies.")
        return place_px0

    def _connect(self) -> None:
        layers = self._viewer.layers
        layers.events.inserted.connect(self._on_inserted)
        layers.events.removed.connect(self._on_removed)
        layers.events.renamed.connect(self._on_renamed)
        layers.selection.events.active.connect(self._on_active)
        for layer in self._result_layers():
            layer.events.visible.connect(self._on_visible)

    def _result_layers(self) -> Iterator[Layer]:
        return (layer for layer in list(self._viewer.layers) if "result" in layer.metadata)

    def _of(self, result: SlideResult) -> Iterator[Layer]:
        return (layer for layer in self._result_layers() if layer.metadata["result"] is result)

    def _other_map(self, result: SlideResult) -> bool:
        return any(isinstance(layer, Image) and "key" in layer.metadata for layer in self._of(result))

    def _prepared(self, result: SlideResult, data: LayerData, run: int) -> Layer:
        layer, slide = Layer.create(*data), self.slide_of(result.slide)
        layer.metadata["run"] = run
        layer.name = disambiguated(layer.name, run)
        if slide is not None:
            layer.affine = slide_affine(slide, result)
        return layer

    def _on_inserted(self, event: Event) -> None:
        if "result" in event.value.metadata:
            event.value.events.visible.connect(self._on_visible)
            self.results_changed.emit()
        self.listed.emit()

    def _on_removed(self, event: Event) -> None:
        if "result" in event.value.metadata:
            event.value.events.visible.disconnect(self._on_visible)
            result = event.value.metadata["result"]
            self._veil.forget([event.value])
            if not self._other_map(result):
                self._veil.lift(self.stages(result))
            self.results_changed.emit()
        self.listed.emit()

    def _on_renamed(self) -> None:
        self.listed.emit()

    def _on_active(self) -> None:
        result = self.active_result()
        if result is not None:
            self.chosen.emit(result)

    def _on_visible(self, event: Event) -> None:
        self.visible_changed.emit(event.source)


def show_scale_bar(viewer: Viewer) -> None:
    """Show napari's scale bar; its unit is that of the layers."""
    viewer.canvas.overlays["scale_bar"].visible = True
