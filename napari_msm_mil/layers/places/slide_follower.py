"""Keeps every result on one layer of its slide: the one that was run, wherever that is moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image, Layer

from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.layer_search import layers_of_slide, result_layers, slide_layers
from napari_msm_mil.layers.places.layer_transform import slide_affine

if TYPE_CHECKING:
    from napari import Viewer
    from napari.utils.events import Event

LIES_ON = "lies_on"
"""Key in the metadata of a result's layers: the `unique_id` of the slide's layer on which they lie."""
TRANSFORMS = ("scale", "translate", "rotate", "shear", "affine")
WITHIN_UM = 1e-3
"""How exactly a layer must lie on a slide to be taken for one of its maps: pixels are a hundred times as large."""


class SlideFollower:
    """Knows on which layer each result lies, and moves the maps when that layer moves.

    Several layers may show the same slide: only one of them was run, and the others may lie elsewhere.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        for slide in slide_layers(viewer.layers):
            self._follow(slide)
        for layer in result_layers(viewer.layers):
            self.adopt(layer)

    def stop(self) -> None:
        """Stop following slides."""
        for slide in slide_layers(self._viewer.layers):
            self._leave(slide)

    def slide_under(self, result: SlideResult) -> Image | None:
        """Return the layer on which a result lies; if it lies on none, the one on which it would be shown."""
        return self._recorded(result) or self.preferred(result)

    def preferred(self, result: SlideResult) -> Image | None:
        """Return the layer on which to show a result that lies on none: of those of its slide the selected, or first.

        Selected is a slide's layer also where a map that lies on it is.
        """
        return self._selected_among(layers_of_slide(self._viewer.layers, result.slide))

    def put(self, layer: Layer, slide: Image | None) -> None:
        """Put a layer of a result on a layer of its slide; where there is none, beside the result's other layers."""
        result = layer.metadata["result"]
        if slide is not None:
            layer.metadata[LIES_ON] = slide.unique_id
            layer.affine = slide_affine(slide, result)
            return
        others = result_layers(self._viewer.layers, result)
        if others:
            layer.affine = others[0].affine

    def adopt(self, layer: Layer) -> None:
        """Follow a layer of a slide that has come; put a layer of a result that lies on no slide on one."""
        if "slide" in layer.metadata and isinstance(layer, Image):
            self._follow(layer)
            self._take_orphans(layer)
        elif "result" in layer.metadata and self._recorded(layer.metadata["result"], layer) is None:
            slides = layers_of_slide(self._viewer.layers, layer.metadata["result"].slide)
            there = [slide for slide in slides if _lies_on(layer, slide)]
            self.put(layer, self._selected_among(there or slides))

    def forget(self, layer: Layer) -> None:
        """Stop following a layer of a slide that has gone; its results go to another layer of the slide, if any."""
        if "slide" not in layer.metadata:
            return
        self._leave(layer)
        for orphan in result_layers(self._viewer.layers):
            if orphan.metadata.get(LIES_ON) == layer.unique_id:
                self.adopt(orphan)

    def _follow(self, slide: Image) -> None:
        for name in TRANSFORMS:
            getattr(slide.events, name).connect(self._on_moved)

    def _leave(self, slide: Layer) -> None:
        for name in TRANSFORMS:
            getattr(slide.events, name).disconnect(self._on_moved)

    def _take_orphans(self, slide: Image) -> None:
        for layer in result_layers(self._viewer.layers):
            result = layer.metadata["result"]
            if self._recorded(result, layer) is None and slide in layers_of_slide([slide], result.slide):
                self.put(layer, slide)

    def _on_moved(self, event: Event) -> None:
        slide = event.source
        for layer in result_layers(self._viewer.layers):
            if layer.metadata.get(LIES_ON) == slide.unique_id:
                layer.affine = slide_affine(slide, layer.metadata["result"])

    def _recorded(self, result: SlideResult, layer: Layer | None = None) -> Image | None:
        """Return the layer that a result's layers, or one of them, say they lie on, if it still exists."""
        layers = result_layers(self._viewer.layers, result) if layer is None else (layer,)
        recorded = {layer.metadata.get(LIES_ON) for layer in layers}
        slides = layers_of_slide(self._viewer.layers, result.slide)
        return next((slide for slide in slides if slide.unique_id in recorded), None)

    def _selected_among(self, slides: Sequence[Image]) -> Image | None:
        selection = self._viewer.layers.selection
        chosen = {layer.metadata.get(LIES_ON, layer.unique_id) for layer in (*selection, *_only(selection.active))}
        return next((slide for slide in slides if slide.unique_id in chosen), next(iter(slides), None))


def _only(layer: Layer | None) -> tuple[Layer, ...]:
    return () if layer is None else (layer,)


def _lies_on(layer: Layer, slide: Image) -> bool:
    affine = slide_affine(slide, layer.metadata["result"])
    return np.allclose(layer.affine.affine_matrix[-3:, -3:], affine, rtol=0, atol=WITHIN_UM)
