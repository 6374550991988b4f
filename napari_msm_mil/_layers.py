"""The layers of slides, regions and results: the only file that touches `viewer.layers`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from napari.layers import Image, Layer, Shapes, Vectors
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from msm_mil_core.output.heatmap import Contrast
from msm_mil_core.output.result import SlideResult
from msm_mil_core.slides.slide import Slide, SlideFacts
from napari_msm_mil._layerdata import contrast_limits, slide_layer, stage_layer_name, stage_layers, stage_values

if TYPE_CHECKING:
    from napari import Viewer
    from napari.utils.events import Event

MICROMETRES = ("micrometer", "micrometer")


@dataclass(frozen=True, slots=True)
class StageLook:
    """How one stage is shown at the moment."""

    visible: bool
    alone: bool
    """Whether the other stages of the result are hidden for it until it is released."""
    contrast: Contrast


class ViewerLayers(QObject):
    """Adds, finds and changes our layers; what they show is kept in their metadata and nowhere else."""

    listed = Signal()
    """Slide or region layers came, went or got another name."""
    chosen = Signal(object)
    """The user selected a layer of this `SlideResult`."""
    looks_changed = Signal()
    """A layer of a result was shown, hidden, changed or removed."""

    def __init__(self, viewer: Viewer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._before_solo: dict[Layer, bool] = {}
        self._changing = False
        self._connect()

    def let_go(self) -> None:
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

    def slide_of(self, facts: SlideFacts) -> Image | None:
        """Return the layer that shows the slide with these facts."""
        same = (slide for slide in self.slides() if slide.metadata["facts"].quick_hash == facts.quick_hash)
        return next(same, None)

    def add_slide(self, slide: Slide) -> None:
        """Show an open slide as the reader does."""
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
                layer.affine = _way_to(slide, layer.metadata["result"])
        camera = self._viewer.scene.camera
        camera.center, camera.zoom = tuple(np.asarray(camera.center) * growth), camera.zoom / growth

    def kept(self, result: SlideResult) -> Path | None:
        """Return the file in which a result is kept."""
        layer = next(layer for layer in self._result_layers() if layer.metadata["result"] is result)
        if "kept" not in layer.metadata:
            return Path(layer.source.path) if layer.source.path else None  # opened from its file by drag and drop
        return cast("Path | None", layer.metadata["kept"])

    def show(self, result: SlideResult, kept: Path | None) -> None:
        """Add the layers of a result over its slide; those of earlier results stay, hidden."""
        slide = self.slide_of(result.slide)
        if slide is not None and slide.metadata["mpp"] is None and result.slide.mpp is not None:
            self.calibrate(slide, result.slide.mpp)
        run = 1 + sum(other.slide.name == result.slide.name for other in self.results())
        for layer in self._result_layers():
            layer.visible = False
        added = [Layer.create(*data) for data in stage_layers(result)]
        for layer in added:
            layer.metadata.update(run=run, kept=kept)
            layer.name = _told_apart(layer.name, run)
            if slide is not None:
                layer.affine = _way_to(slide, result)
            self._viewer.add_layer(layer)
        self._viewer.layers.selection.active = added[0]

    def looks(self, result: SlideResult) -> tuple[StageLook | None, ...]:
        """Tell how each stage is shown; None for one whose layer was removed."""
        layers = {layer.metadata["stage"]: layer for layer in self._stage_layers(result)}
        return tuple(self._look(layers.get(index)) for index in range(len(result.prediction.stages)))

    def set_visible(self, result: SlideResult, index: int, *, visible: bool) -> None:
        """Show or hide one stage."""
        for layer in self._stage_layers(result, index):
            layer.visible = visible

    def set_alone(self, result: SlideResult, index: int | None) -> None:
        """Show one stage alone; None brings back what was shown before."""
        layers = list(self._stage_layers(result))
        before = {layer: self._before_solo.get(layer, layer.visible) for layer in layers}
        self._changing = True
        for layer in layers:
            layer.visible = before[layer] if index is None else layer.metadata["stage"] == index
        self._changing = False
        self._before_solo = {} if index is None else before
        if index is not None:
            self._viewer.layers.selection.active = next(self._stage_layers(result, index), None)
        self.looks_changed.emit()

    def set_contrast(self, result: SlideResult, index: int | None, contrast: Contrast) -> None:
        """Spread one stage's values, or all stages', over the colours in another way; the layer's name says which."""
        for layer in self._stage_layers(result, index):
            stage = layer.metadata["stage"]
            layer.data = stage_values(result, stage, contrast)
            layer.contrast_limits = contrast_limits(layer.data)
            layer.contrast_limits_range = layer.contrast_limits
            layer.metadata["contrast"] = contrast
            layer.name = _told_apart(stage_layer_name(result, stage, contrast), layer.metadata.get("run", 1))
        self.looks_changed.emit()

    def claimed_visible(self, result: SlideResult) -> bool | None:
        """Tell whether the outlines of the claimed tiles are shown; None if their layer was removed."""
        return next((layer.visible for layer in self._outline_layers(result)), None)

    def set_claimed_visible(self, result: SlideResult, *, visible: bool) -> None:
        """Show or hide the outlines of the claimed tiles."""
        for layer in self._outline_layers(result):
            layer.visible = visible

    def place_px0(self, result: SlideResult, world: tuple[float, ...]) -> tuple[float, float] | None:
        """Return the place on the slide (x, y) that a point of the world shows; None without layers to go by."""
        layer = next(self._stage_layers(result), None)
        if layer is None:
            return None
        row, col = layer.world_to_data(world)[-2:]
        x_px0, y_px0 = (np.array([col, row]) + 0.5) * result.tiles.side_px0 + result.tiles.xy_px0.min(axis=0)
        return float(x_px0), float(y_px0)

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

    def _stage_layers(self, result: SlideResult, index: int | None = None) -> Iterator[Image]:
        of_result = (layer for layer in self._result_layers() if layer.metadata["result"] is result)
        stages = (layer for layer in of_result if isinstance(layer, Image) and "stage" in layer.metadata)
        return (layer for layer in stages if index in (None, layer.metadata["stage"]))

    def _outline_layers(self, result: SlideResult) -> Iterator[Vectors]:
        of_result = (layer for layer in self._result_layers() if layer.metadata["result"] is result)
        return (layer for layer in of_result if isinstance(layer, Vectors))

    def _look(self, layer: Image | None) -> StageLook | None:
        if layer is None:
            return None
        alone = layer in self._before_solo and layer.visible
        return StageLook(visible=layer.visible, alone=alone, contrast=layer.metadata["contrast"])

    def _on_inserted(self, event: Event) -> None:
        if "result" in event.value.metadata:
            event.value.events.visible.connect(self._on_visible)
            self.looks_changed.emit()
        self.listed.emit()

    def _on_removed(self, event: Event) -> None:
        self._before_solo.pop(event.value, None)
        if "result" in event.value.metadata:
            event.value.events.visible.disconnect(self._on_visible)
            self.looks_changed.emit()
        self.listed.emit()

    def _on_renamed(self) -> None:
        self.listed.emit()

    def _on_active(self) -> None:
        result = self.active_result()
        if result is not None:
            self.chosen.emit(result)

    def _on_visible(self) -> None:
        if not self._changing:
            self._before_solo = {}  # the user chose anew: there is nothing to bring back
            self.looks_changed.emit()


def _told_apart(name: str, run: int) -> str:
    return f"{name} · run {run}" if run > 1 else name


def _way_to(slide: Image, result: SlideResult) -> NDArray[np.float64]:
    """Return the way from micrometres on the glass to where the slide's layer lies, which a user may have moved."""
    um_per_px0 = result.slide.mpp or 1.0
    origin, down, right = (np.asarray(slide.data_to_world(corner)) for corner in ((0, 0), (1, 0), (0, 1)))
    way = np.eye(3)
    way[:2, :2] = np.stack([down - origin, right - origin], axis=1) / um_per_px0
    way[:2, 2] = origin
    return way
