"""The layers of results: finding, adding and removing them; and those of the slides and regions that they lie on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from napari.layers import Image, Layer
from qtpy.QtCore import QObject, Signal

from msm_mil_core.results.annotations import View
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.display_writer import existing_keys, read_display, show_colour_bar, write_display
from napari_msm_mil.layers.layer_data import LayerData, stage_layers
from napari_msm_mil.layers.layer_names import name_owners
from napari_msm_mil.layers.layer_search import (
    known_area_layers,
    result_layers,
    stage_layers_of,
)
from napari_msm_mil.layers.places.camera import SlideCamera
from napari_msm_mil.layers.places.region_layers import RegionLayers
from napari_msm_mil.layers.places.slide_follower import SlideFollower
from napari_msm_mil.layers.places.slide_layers import SlideLayers
from napari_msm_mil.layers.places.slide_placement import SlidePlacement

if TYPE_CHECKING:
    from napari import Viewer
    from napari.utils.events import Event


class ViewerLayers(QObject):
    """Finds, adds and removes our layers; what they show is stored in their metadata and nowhere else."""

    listed = Signal()
    """Slide or region layers were added, removed or renamed."""
    chosen = Signal(object)
    """The user selected a layer of this `SlideResult`."""
    results_changed = Signal()
    """A layer of a result was added or removed."""
    about_to_change = Signal()
    """We are going to add or remove layers: what is shown for a while only must end first."""
    visible_changed = Signal(object)
    """A `Layer` of a result was shown or hidden."""

    def __init__(self, viewer: Viewer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.placement, self.camera = SlidePlacement(viewer), SlideCamera(viewer)
        self._follower = SlideFollower(viewer)
        self.slides = SlideLayers(viewer, self._follower, self.placement, self)
        self.regions = RegionLayers(viewer, self)
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
        self._follower.stop()

    def slide_under(self, result: SlideResult) -> Image | None:
        """Return the layer of its slide on which a result lies, or would be shown; None if the slide is not open."""
        return self._follower.slide_under(result)

    def results(self) -> tuple[SlideResult, ...]:
        """Return the results that have at least one layer, latest last."""
        layers = result_layers(self._viewer.layers)
        return tuple({id(layer.metadata["result"]): layer.metadata["result"] for layer in layers}.values())

    def active_result(self) -> SlideResult | None:
        """Return the result to which the selected layer belongs."""
        active = self._viewer.layers.selection.active
        return None if active is None else cast("SlideResult | None", active.metadata.get("result"))

    def of(self, result: SlideResult) -> tuple[Layer, ...]:
        """Return the layers of a result, bottom first."""
        return result_layers(self._viewer.layers, result)

    def stages(self, result: SlideResult, index: int | None = None) -> tuple[Image, ...]:
        """Return the heatmaps of a result's stages, or that of one stage, as far as they exist."""
        return stage_layers_of(self._viewer.layers, result, index)

    def layer_by_key(self, result: SlideResult, key: str) -> Layer | None:
        """Return the layer beside the stages of a result that has this key."""
        return next((layer for layer in self.of(result) if layer.metadata.get("key") == key), None)

    def result_file(self, result: SlideResult) -> Path | None:
        """Return the file in which a result is saved; None if it is not saved."""
        layer = self.of(result)[0]
        if "file" not in layer.metadata:
            return Path(layer.source.path) if layer.source.path else None  # opened from its file by drag and drop
        return cast("Path | None", layer.metadata["file"])

    def has(self, layer: Layer) -> bool:
        """Return whether a layer is still in the viewer."""
        return layer in self._viewer.layers

    def select(self, *layers: Layer) -> None:
        """Make these layers the selected ones."""
        self._viewer.layers.selection = layers

    def show(
        self, result: SlideResult, file: Path | None, view: View | None = None, slide: Image | None = None
    ) -> None:
        """Add the layers of a result over its slide, as they were shown last; those of earlier results are hidden.

        The first result of a slide comes into view whole. Nothing that is done with it afterwards moves the camera,
        but the gallery, which is asked to.

        Parameters
        ----------
        file
            Where the result is saved; None if it is not.
        slide
            The layer that was run; None takes, of the layers of its slide, the selected one, or else the first.
        """
        self.about_to_change.emit()
        if slide is None or not self.has(slide):
            slide = self._follower.preferred(result)
        if slide is not None and slide.metadata["mpp"] is None and result.slide.mpp is not None:
            self.placement.calibrate(slide, result.slide.mpp)
        run = 1 + sum(other.slide.name == result.slide.name for other in self.results())
        self._hide_results()
        added = [self._prepared(result, data, run, slide) for data in stage_layers(result, view)]
        for layer in added:
            layer.metadata["file"] = file
            self._viewer.add_layer(layer)
        self._raise_known_areas()
        self._viewer.layers.selection.active = added[0]
        if run == 1:
            self._viewer.reset_view()

    def show_map(self, result: SlideResult, key: str, data: LayerData) -> Layer:
        """Put a layer beside the stages of a result, in place of the one with the same key, if there is one.

        A map covers the stages' own maps, for colours on colours cannot be read; they return with the last such map.
        """
        self.about_to_change.emit()
        old, others = self.layer_by_key(result, key), self.of(result)
        run = next((layer.metadata.get("run", 1) for layer in others), 1)
        new = self._prepared(result, data, run, self.slide_under(result))
        new.metadata["key"] = key
        if isinstance(new, Image):
            show_colour_bar(new, visible=True)
        if others and "shown" in others[0].metadata:
            new.metadata["shown"] = others[0].metadata["shown"]
        at = len(self._viewer.layers) if old is None else self._viewer.layers.index(old)
        active = self._viewer.layers.selection.active
        if old is not None:
            self._viewer.layers.remove(old)
        self._viewer.layers.insert(at, new)
        self._raise_known_areas()
        self._viewer.layers.selection.active = active if active in self._viewer.layers else new
        return new

    def remove_map(self, result: SlideResult, key: str) -> None:
        """Remove the layer with a key, if there is one."""
        layer = self.layer_by_key(result, key)
        if layer is not None:
            self.about_to_change.emit()
            self._viewer.layers.remove(layer)
            self._select_any(result)

    def _connect(self) -> None:
        layers = self._viewer.layers
        self.slides.adopted.connect(self.listed)
        for others in (self.slides, self.regions):
            others.about_to_change.connect(self.about_to_change)
        layers.events.inserted.connect(self._on_inserted)
        layers.events.removed.connect(self._on_removed)
        layers.events.renamed.connect(self._on_renamed)
        layers.selection.events.active.connect(self._on_active)
        for layer in result_layers(layers):
            layer.events.visible.connect(self._on_visible)

    def _raise_known_areas(self) -> None:
        """Put what is known on top of the maps, which would cover its outlines and names."""
        for known in known_area_layers(self._viewer.layers):
            self._viewer.layers.move(self._viewer.layers.index(known), len(self._viewer.layers))

    def _select_any(self, result: SlideResult) -> None:
        """Select what is visible of a result where nothing is selected: napari would show no controls."""
        stages = self.stages(result)
        if stages and not self._viewer.layers.selection:
            self._viewer.layers.selection.active = next((stage for stage in stages if stage.visible), stages[0])

    def _hide_results(self) -> None:
        for other in self.results():
            display = read_display(self.of(other))
            if display is not None:
                write_display(self.of(other), display.hidden())
            for layer in self.of(other):
                layer.visible = False  # those too of which the display says nothing

    def _prepared(self, result: SlideResult, data: LayerData, run: int, slide: Image | None) -> Layer:
        layer = Layer.create(*data)
        layer.metadata["run"] = run
        self._follower.put(layer, slide)
        name_owners([*self._viewer.layers, layer], (*self.results(), result))
        return layer

    def _update_display(self, result: SlideResult) -> None:
        layers = self.of(result)
        display = read_display(layers)
        if display is not None:
            write_display(layers, display.with_layers(existing_keys(layers)))

    def _on_inserted(self, event: Event) -> None:
        self._follower.adopt(event.value)
        if "result" in event.value.metadata:
            event.value.events.visible.connect(self._on_visible)
            self._update_display(event.value.metadata["result"])
            name_owners(self._viewer.layers, self.results())
            self.results_changed.emit()
        self.listed.emit()

    def _on_removed(self, event: Event) -> None:
        self._follower.forget(event.value)
        if "result" in event.value.metadata:
            event.value.events.visible.disconnect(self._on_visible)
            self._update_display(event.value.metadata["result"])
            name_owners(self._viewer.layers, self.results())
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
