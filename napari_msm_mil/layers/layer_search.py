"""Finding our layers among those of a viewer."""

from collections.abc import Iterable

from napari.layers import Image, Layer

from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import SlideFacts


def slide_layers(layers: Iterable[Layer]) -> tuple[Image, ...]:
    """Return the layers that show slides, bottom first."""
    return tuple(layer for layer in layers if isinstance(layer, Image) and "slide" in layer.metadata)


def layers_of_slide(layers: Iterable[Layer], facts: SlideFacts) -> tuple[Image, ...]:
    """Return the layers that show the slide with these facts, bottom first."""
    slides = slide_layers(layers)
    return tuple(slide for slide in slides if slide.metadata["facts"].quick_hash == facts.quick_hash)


def known_area_layers(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """Return the layers of what is known of slides, bottom first."""
    return tuple(layer for layer in layers if layer.metadata.get("known"))


def result_layers(layers: Iterable[Layer], result: SlideResult | None = None) -> tuple[Layer, ...]:
    """Return the layers of one result, or of all results, bottom first."""
    ours = (layer for layer in layers if "result" in layer.metadata)
    return tuple(layer for layer in ours if result is None or layer.metadata["result"] is result)


def stage_layers_of(layers: Iterable[Layer], result: SlideResult, index: int | None = None) -> tuple[Image, ...]:
    """Return the maps of a result's stages, or that of one stage, as far as their layers exist."""
    maps = (layer for layer in result_layers(layers, result) if isinstance(layer, Image) and "stage" in layer.metadata)
    return tuple(layer for layer in maps if index in (None, layer.metadata["stage"]))
