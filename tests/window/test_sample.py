"""File > Open Sample."""

import pytest
from napari.components import ViewerModel

from msm_mil_core.slides.sample import SAMPLES


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_a_sample_opens_as_a_slide_and_says_what_it_is(plugin, sample, notes):
    viewer = ViewerModel()

    slide = viewer.open_sample("napari-msm-mil", sample.key)[0]

    assert slide.metadata["facts"].path == str(sample.path)
    assert [str(unit) for unit in slide.units] == ["micrometer", "micrometer"]
    assert ("info", sample.sentence) in notes


def test_what_is_known_of_the_lung_mosaic_lies_over_it_and_nothing_is_known_of_the_skin(plugin, notes):
    lung, skin = ViewerModel(), ViewerModel()

    lung.open_sample("napari-msm-mil", "lung")
    skin.open_sample("napari-msm-mil", "skin")

    assert [layer.name for layer in lung.layers] == ["lung-mosaic", "Known areas"]
    assert list(lung.layers["Known areas"].features["class"]) == ["adenocarcinoma", "squamous"]
    assert [layer.name for layer in skin.layers] == ["CMU-1-Small-Region"]
