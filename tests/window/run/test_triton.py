"""What timm brings along must not end the process that shows the window."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

WITH_OPENGL = """
from qtpy.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext
app = QGuiApplication([])
surface = QOffscreenSurface()
surface.create()
context = QOpenGLContext()
context.create() and context.makeCurrent(surface)
from napari_msm_mil.run.triton import load_triton_isolated
load_triton_isolated()
import triton
"""


@pytest.mark.skipif(find_spec("triton") is None, reason="triton comes with torch on Linux alone")
def test_triton_loads_beside_the_opengl_of_the_window():
    ended = subprocess.run([sys.executable, "-W", "ignore", "-c", WITH_OPENGL], check=False, capture_output=True)

    assert ended.returncode == 0, ended.stderr.decode()
