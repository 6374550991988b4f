"""File > Open Sample: slides to try things on."""

from napari.utils.notifications import show_info

from msm_mil_core.slides.sample import LUNG, SKIN, SampleSlide
from msm_mil_core.slides.slide import open_slide
from napari_msm_mil.layers.layer_data import LayerData, known_areas, slide_layer


def open_lung() -> list[LayerData]:
    """Return the layers of the lung mosaic and of its known tumour areas, and say what it is."""
    return _layers(LUNG)


def open_skin() -> list[LayerData]:
    """Return the layer of the slide of skin, and say what it is."""
    return _layers(SKIN)


def _layers(sample: SampleSlide) -> list[LayerData]:
    slide = open_slide(sample.path)
    show_info(sample.sentence)
    return [slide_layer(slide), *known_areas(slide)]
