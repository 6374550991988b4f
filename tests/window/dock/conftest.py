"""A dock without a window, with a model chosen that was never trained."""

import pytest

from tests.slides import a_drawn_slide
from tests.window.dock_user import a_model_file, open_dock


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """A slide that does not state its pixel size, only to be read."""
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "bare.tiff", mpp=None)


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The file of a model, only to be read."""
    return a_model_file(tmp_path_factory.mktemp("models") / "drawn-model.safetensors")


@pytest.fixture
def dock(qtbot, viewer, model, tmp_path, monkeypatch):
    """The dock."""
    with open_dock(qtbot, viewer, monkeypatch, tmp_path, model) as dock:
        yield dock
