"""What the tests of the window share: the plugin as napari finds it, and what the user is told."""

import os

os.environ.setdefault("NAPARI_ENSURE_PLUGIN_MAIN_THREAD", "1")  # a thread that touches the window is an error

import pytest
from napari.utils.notifications import notification_manager
from npe2 import PluginManifest


def pytest_configure(config):
    for remark in ("System theme detection requires a Qt6 backend", "napari support for the PyQt5 backend"):
        config.addinivalue_line("filterwarnings", f"ignore:{remark}")  # napari's, of PyQt5 alone, on every start


@pytest.fixture
def plugin(npe2pm):
    """Our plugin alone, registered from its manifest as it is installed."""
    manifest = PluginManifest.from_distribution("napari-msm-mil")
    npe2pm.register(manifest, warn_disabled=False)
    return manifest


@pytest.fixture
def notes():
    """Collect what napari tells the user while the test runs, as (severity, message)."""
    heard = []

    def hear(note):
        heard.append((str(note.severity), note.message))

    notification_manager.notification_ready.connect(hear)
    yield heard
    notification_manager.notification_ready.disconnect(hear)
