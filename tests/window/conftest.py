"""What the tests of the window share: the plugin as napari finds it, viewers and layers, and notifications."""

import os
from functools import partial

os.environ.setdefault("NAPARI_ENSURE_PLUGIN_MAIN_THREAD", "1")  # a thread that touches the window is an error
os.environ.setdefault("NAPARI_CONFIG", "")  # no test reads or writes the settings of who runs it

import pytest
from napari.components import ViewerModel
from napari.utils.notifications import notification_manager
from npe2 import PluginManifest
from qtpy.QtCore import QSettings, QThreadPool

from napari_msm_mil.layers.viewer_layers import ViewerLayers
from tests.slides import a_drawn_slide
from tests.window.dock_user import RUN_MS, keep_apart


def pytest_configure(config):
    for remark in ("System theme detection requires a Qt6 backend", "napari support for the PyQt5 backend"):
        config.addinivalue_line("filterwarnings", f"ignore:{remark}")  # napari's, of PyQt5 alone, on every start


@pytest.fixture
def plugin(npe2pm):
    """Our plugin alone, registered from its manifest as it is installed."""
    manifest = PluginManifest.from_distribution("napari-msm-mil")
    npe2pm.register(manifest, warn_disabled=False)
    return manifest


@pytest.fixture(autouse=True)
def nothing_remembered(tmp_path_factory):
    """Remember nothing of what was used before the test."""
    folder = str(tmp_path_factory.mktemp("remembered"))
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)


@pytest.fixture
def qtbot(qtbot):
    """Wait as long as a busy machine may need, not pytest-qt's five seconds."""
    for wait in ("waitUntil", "waitSignal", "waitSignals", "waitExposed", "waitActive"):
        setattr(qtbot, wait, partial(getattr(qtbot, wait), timeout=RUN_MS))
    return qtbot


@pytest.fixture
def notes():
    """Collect what napari reports to the user while the test runs, as (severity, message)."""
    heard = []

    def hear(note):
        heard.append((str(note.severity), note.message))

    notification_manager.notification_ready.connect(hear)
    yield heard
    notification_manager.notification_ready.disconnect(hear)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """A drawn slide, only to be read."""
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.tiff")


@pytest.fixture
def viewer():
    """A viewer without a window."""
    return ViewerModel()


@pytest.fixture
def layers(qtbot, viewer):
    """Our layers in a viewer without a window."""
    layers = ViewerLayers(viewer)
    yield layers
    layers.stop()


@pytest.fixture
def napari_viewer(make_napari_viewer_proxy, monkeypatch, tmp_path):
    """A viewer in a real window, whose settings and results stay in the folder of the test."""
    keep_apart(monkeypatch, tmp_path)
    yield make_napari_viewer_proxy()
    assert QThreadPool.globalInstance().waitForDone(RUN_MS)
