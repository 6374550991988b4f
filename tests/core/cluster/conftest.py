import pytest

from tests.cohorts import a_small_model, cut_slides, jobs_for, small_settings


@pytest.fixture(scope="session")
def settings(tmp_path_factory):
    return small_settings(a_small_model(tmp_path_factory.mktemp("model") / "model.safetensors"))


@pytest.fixture
def jobs(tmp_path, settings):
    """Three slides, and what is to be done with them."""
    return jobs_for(cut_slides(tmp_path / "slides", 3), settings, tmp_path / "out")
