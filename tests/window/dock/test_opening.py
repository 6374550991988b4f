"""What opening the dock costs: nothing heavy is imported and no page is built before there is a result."""

import subprocess
import sys

import pytest

from napari_msm_mil.dock.result_panel import ResultPanel
from tests.results import a_result
from tests.window.dock_user import open_dock

HEAVY = ("torch", "matplotlib", "scipy", "skimage", "sklearn", "timm")
OPEN = f"""
import sys, napari
viewer = napari.Viewer(show=False)
before = set(sys.modules)  # napari itself may have imported some
viewer.window.add_plugin_dock_widget("napari-msm-mil")
print([name for name in {HEAVY} if name in set(sys.modules) - before])
viewer.close()
"""


def test_opening_the_dock_imports_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", OPEN], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]", done.stderr


@pytest.fixture
def dock(qtbot, viewer, tmp_path, monkeypatch):
    with open_dock(qtbot, viewer, monkeypatch, tmp_path) as dock:
        yield dock


def test_the_pages_come_with_the_first_result(dock):
    before = dock.findChildren(ResultPanel)

    dock.show_result(a_result())
    dock.show_result(a_result())

    assert before == []
    assert len(dock.findChildren(ResultPanel)) == 1
