import pytest

from tests.cohorts import a_small_model, cut_slides, small_settings


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    return a_small_model(tmp_path_factory.mktemp("model") / "model.safetensors")


@pytest.fixture
def settings(model):
    return small_settings(model)


@pytest.fixture
def slides(tmp_path):
    """Three slides."""
    return cut_slides(tmp_path / "slides", 3)
