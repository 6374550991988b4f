"""The layers of slides: those that we have opened, and images that other readers have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image, Layer
from qtpy.QtCore import QObject, Signal

from msm_mil_core.slides.formats.color_choice import ColorChoice
from msm_mil_core.slides.slide import Slide, SlideFacts
from napari_msm_mil.layers.layer_data import slide_layer, slide_metadata
from napari_msm_mil.layers.layer_search import layers_of_slide, slide_layers
from napari_msm_mil.layers.places.layer_transform import MICROMETRES
from napari_msm_mil.layers.places.slide_follower import SlideFollower
from napari_msm_mil.layers.places.slide_placement import SlidePlacement
from napari_msm_mil.settings import user_settings
from napari_msm_mil.slides.open_images import as_slide, open_images, um_per_world_unit
from napari_msm_mil.slides.pyramid import slide_pyramid

if TYPE_CHECKING:
    from napari import Viewer


class SlideLayers(QObject):
    """Finds slides, adds them, and takes images of other readers as slides."""

    about_to_change = Signal()
    """A slide is going to be added."""
    adopted = Signal()
    """An image of another reader is a slide now."""

    def __init__(self, viewer: Viewer, follower: SlideFollower, placement: SlidePlacement, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self._follower, self._placement = viewer, follower, placement

    def all(self) -> tuple[Image, ...]:
        """Return the slide layers, bottom first."""
        return slide_layers(self._viewer.layers)

    def runnable(self) -> tuple[Image, ...]:
        """Return the slide layers, and the images in RGB that other readers have opened, bottom first."""
        return (*self.all(), *open_images(self._viewer.layers))

    def is_open(self, facts: SlideFacts) -> bool:
        """Return whether a layer shows the slide with these facts."""
        return bool(layers_of_slide(self._viewer.layers, facts))

    def add(self, slide: Slide) -> None:
        """Show an open slide as the reader does."""
        self.about_to_change.emit()
        self._viewer.add_layer(Layer.create(*slide_layer(slide)))

    def adopt(self, layer: Image, mpp: float | None) -> None:
        """Take an image that another reader has opened as a slide, from then on in micrometres.

        Parameters
        ----------
        mpp
            Micrometres per pixel as the user typed them; None takes those of the layer.

        Raises
        ------
        SlideError
            If it cannot be read.
        """
        slide = as_slide(layer, mpp)
        um = um_per_world_unit(layer)
        if um is not None:
            layer.scale, layer.translate = np.asarray(layer.scale) * um, np.asarray(layer.translate) * um
            layer.units = MICROMETRES
        layer.metadata.update(slide_metadata(slide.in_colors(user_settings().screen_colors)))
        if um is None and slide.facts.mpp is not None:
            layer.metadata.update(mpp=None)
            self._placement.calibrate(layer, slide.facts.mpp)
            layer.metadata.update(mpp_origin=slide.facts.mpp_origin)
        self._follower.adopt(layer)
        self.adopted.emit()

    def show_colors(self, layer: Image, colors: ColorChoice) -> None:
        """Show a slide of ours in sRGB, or as its file has it."""
        before = layer.metadata["slide"]
        slide = before.in_colors(colors)
        if slide is not before:
            layer.data = slide_pyramid(slide)
            layer.metadata.update(slide=slide, facts=slide.facts)
