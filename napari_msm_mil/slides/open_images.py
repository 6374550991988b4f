"""Layers of images that other readers have opened: which can be run, at which size of a pixel, and as which slide."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Layer

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.formats.ome import um_per_unit
from msm_mil_core.slides.slide import Slide, open_arrays, open_slide

STATE_NOTHING = frozenset({".png", ".jpg", ".jpeg"})
"""Pictures that state no size of their pixels: they need not be decoded to know that."""
SAME_MPP = 0.01
"""By how much the size of a pixel may differ between a file and its layer, as a share, to be the same."""


@dataclass(frozen=True, slots=True)
class PixelScale:
    """Micrometres per pixel of a layer, and where they come from."""

    mpp: float | None
    origin: str


def open_images(layers: Iterable[Layer]) -> tuple[Image, ...]:
    """Return the layers of images in RGB that are not ours but can be run as slides, bottom first."""
    return tuple(layer for layer in layers if _can_be_run(layer))


def pixel_scale(layer: Image) -> PixelScale:
    """Return the size of a pixel of a slide's layer, or of an image that another reader has opened."""
    if "slide" in layer.metadata:
        return PixelScale(layer.metadata["mpp"], layer.metadata["mpp_origin"])
    sides = _sides_um(layer)
    if sides is not None:
        return PixelScale(sum(sides) / 2, "layer")
    stated = _stated_mpp(layer.source.path) if layer.source.path and np.allclose(layer.scale, 1) else None
    return PixelScale(stated, "missing" if stated is None else "file")


def um_per_world_unit(layer: Layer) -> tuple[float, ...] | None:
    """Return the micrometres in the units of a layer's axes; None if one is no length."""
    found = tuple(um_per_unit(str(unit)) for unit in layer.units)
    return None if None in found else tuple(um for um in found if um is not None)


def typed_mpp(layer: Image) -> float | None:
    """Return the micrometres per pixel that a layer has from its user or from another reader, not from its file."""
    facts = layer.metadata["facts"]
    return facts.mpp if facts.mpp_origin == "user" else None


def as_slide(layer: Image, mpp: float | None) -> Slide:
    """Return the slide that a layer shows: from its file where that can be opened, else from the layer's own pixels.

    Parameters
    ----------
    mpp
        Micrometres per pixel as the user typed them; None takes the layer's, or else the file's.

    Raises
    ------
    SlideError
        If the pixels cannot be read, or are not in RGB.
    """
    levels: Sequence[Any] = layer.data if layer.multiscale else [layer.data]
    sides = _sides_um(layer)
    slide = _from_file(layer, mpp, None if sides is None else sum(sides) / 2)
    if slide is not None:
        return slide
    place = Path(layer.source.path) if layer.source.path else Path(layer.name)
    return open_arrays(list(levels), place, layer_mpp=sides, mpp=mpp)


def _can_be_run(layer: Layer) -> bool:
    if not isinstance(layer, Image) or not layer.rgb or layer.ndim != 2:
        return False
    return not {"slide", "result", "facts"} & set(layer.metadata) and np.dtype(layer.dtype) == np.uint8


def _sides_um(layer: Image) -> tuple[float, float] | None:
    """Return width and height of a pixel in micrometres; None where the layer's units are no lengths."""
    um = um_per_world_unit(layer)
    if um is None:
        return None
    down, across = (abs(float(side)) * each for side, each in zip(layer.scale[-2:], um[-2:], strict=True))
    return across, down


@lru_cache(maxsize=32)
def _stated_mpp(path: str) -> float | None:
    """Return what the file of a layer without units states; None if it is no slide, or does not say."""
    if Path(path).suffix.lower() in STATE_NOTHING:
        return None
    try:
        with open_slide(Path(path), reader="openslide") as slide:
            return slide.facts.mpp
    except SlideError:
        return None


def _from_file(layer: Image, mpp: float | None, layer_mpp: float | None) -> Slide | None:
    """Open the file of a layer; None if there is none, or it holds something else than the layer shows."""
    if not layer.source.path:
        return None
    try:
        slide = open_slide(Path(layer.source.path), mpp)
        found = slide.facts.mpp
        if mpp is None and layer_mpp is not None and (found is None or abs(found / layer_mpp - 1) > SAME_MPP):
            slide.close()
            slide = open_slide(Path(layer.source.path), layer_mpp)
    except SlideError:
        return None
    height, width = (layer.data[0] if layer.multiscale else layer.data).shape[:2]
    if slide.facts.size_px0 == (width, height):
        return slide
    slide.close()
    return None
