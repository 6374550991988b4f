"""What torch, timm and transformers bring along must not end the process that shows the window."""

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
import napari_msm_mil
"""
STEP = """
import torch
layer = torch.nn.Linear(3, 3)
layer(torch.ones(2, 3)).sum().backward()
torch.optim.AdamW(layer.parameters()).step()
"""
"""Torch imports torch._dynamo at the first step of an optimiser, and that triton."""
ENCODE = """
import numpy as np
from msm_mil_core.encoders.registry import load_encoder
assert load_encoder("efficientnet-lite0", device="cpu").encode(np.zeros((2, 224, 224, 3), np.uint8)).shape == (2, 1280)
"""
IMPORTS = {
    "triton": "import triton",
    "timm": "import timm",
    "transformers": "from transformers import AutoModel, PreTrainedModel",
    "lazyslide_models": "import lazyslide_models; list(lazyslide_models.MODEL_REGISTRY.items())",
    "an optimiser": STEP,
    "an encoder": ENCODE,
}


@pytest.mark.skipif(find_spec("triton") is None, reason="triton comes with torch on Linux alone")
@pytest.mark.parametrize("what", IMPORTS)
def test_a_process_with_opengl_survives(what: str):
    if what.isidentifier():
        pytest.importorskip(what, reason="an encoder of the extra zoo needs it")
    code = f"{WITH_OPENGL}\n{IMPORTS[what]}\nprint('lived')"

    ended = subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False, capture_output=True)

    assert ended.returncode == 0, ended.stderr.decode()
    assert b"lived" in ended.stdout


def test_nothing_is_loaded_before_it_is_wanted():
    code = "import sys, napari_msm_mil; assert not {'torch', 'triton', 'numpy'} & set(sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
