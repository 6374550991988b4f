"""File > Open Sample: a slide to try things on."""

from napari.utils.notifications import show_info

from msm_mil_core.slides.sample import sample_slide
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.user_folders import samples_folder
from napari_msm_mil.layers.layer_data import LayerData, slide_layer


def open_sample() -> list[LayerData]:
    """Return the layer of the sample slide, fetched or made on the first call, and say which one it is.

    Raises
    ------
    OutputError
        If it cannot be stored; napari shows the message.
    """
    sample = sample_slide(samples_folder())
    layer = slide_layer(open_slide(sample.path))
    show_info(sample.sentence)
    return [layer]
