"""File > Open Sample."""

import pytest
from napari.components import ViewerModel

from msm_mil_core.errors import OutputError
from msm_mil_core.slides.sample import sample_slide
from msm_mil_core.user_folders import samples_folder


@pytest.fixture
def made_sample(tmp_path, monkeypatch):
    """The sample slide as it is without a network, in a folder of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return sample_slide(samples_folder(), fetch=False)


def test_the_sample_opens_as_a_slide_and_says_which_one_it_is(plugin, made_sample, notes):
    viewer = ViewerModel()

    (layer,) = viewer.open_sample("napari-msm-mil", "slide")

    assert layer.metadata["facts"].path == str(made_sample.path)
    assert [str(unit) for unit in layer.units] == ["micrometer", "micrometer"]
    assert ("info", made_sample.sentence) in notes


def test_a_sample_that_cannot_be_stored_is_reported(plugin, tmp_path, monkeypatch):
    (tmp_path / "a-file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a-file"))

    with pytest.raises(OutputError, match=r"Cannot write into .*a-file"):
        ViewerModel().open_sample("napari-msm-mil", "slide")
