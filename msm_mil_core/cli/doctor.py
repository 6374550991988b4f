"""msm-mil doctor: what works on this machine."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from rich.table import Table
from rich.text import Text

from msm_mil_core.cli.console import out
from msm_mil_core.cli.qt_binding import choose_binding, installed_bindings
from msm_mil_core.cli.screen import has_screen
from msm_mil_core.errors import MsmMilError
from msm_mil_core.user_folders import features_folder

WINDOW_PROBE = (
    "from qtpy import API_NAME; from qtpy.QtGui import QOffscreenSurface, QOpenGLContext;"
    "from qtpy.QtWidgets import QApplication; app = QApplication([]);"
    "surface = QOffscreenSurface(); surface.create(); gl = QOpenGLContext(); made = gl.create();"
    "made = made and gl.makeCurrent(surface); form = gl.format();"
    "print(API_NAME, f'OpenGL {form.majorVersion()}.{form.minorVersion()}' if made else 'no OpenGL')"
)

NO_SCREEN = ("could not connect to display", "Failed to create wl_display")
"""What Qt says where a screen is named that does not answer."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that works or does not, and what to do about it."""

    thing: str
    state: Literal["ok", "no", "-"]
    """"-" for what is not there and not needed: a window where there is no screen."""
    words: str


class _NotNeededError(MsmMilError):
    """Something is not there, and nothing else needs it."""


def doctor() -> int:
    """Check what works on this machine: openslide, other decoders, encoder weights, models, devices, the window."""
    checks = [
        _examine("openslide", _openslide),
        _examine("direct reading", _direct_reading),
        _examine("OME-Zarr", _ome_zarr),
        _examine("encoder", _encoder),
        _examine("bundled model", _model),
        _examine("devices", _devices),
        _examine("window", _window),
        _examine("cached features", _cached_features),
    ]
    table = Table("", "", "", title="msm-mil doctor", title_justify="left", show_header=False)
    for check in checks:
        table.add_row(check.state, check.thing, Text(check.words), style="red" if check.state == "no" else None)
    out.print(table)
    return 1 if any(check.state == "no" for check in checks) else 0


def _examine(thing: str, check: Callable[[], str]) -> Check:
    try:
        return Check(thing, "ok", check())
    except _NotNeededError as exc:
        return Check(thing, "-", str(exc))
    except (MsmMilError, ImportError, OSError, subprocess.SubprocessError, PackageNotFoundError) as exc:
        return Check(thing, "no", str(exc))


def _openslide() -> str:
    import openslide

    return f"openslide {openslide.__library_version__}, openslide-python {version('openslide-python')}"


def _direct_reading() -> str:
    from msm_mil_core.slides.readers.tile_codec import has_dicom, has_jpeg, has_jpeg_2000

    if not has_jpeg():
        raise _NotNeededError("openslide reads all slides, more slowly; for JPEG tiles: pip install simplejpeg")
    if not (has_jpeg_2000() and has_dicom()):
        return (
            f"JPEG by simplejpeg {version('simplejpeg')}; for JPEG 2000 and DICOM: pip install 'napari-msm-mil[fast]'"
        )
    others = f"JPEG 2000 by imagecodecs {version('imagecodecs')}, DICOM by pydicom {version('pydicom')}"
    return f"JPEG by simplejpeg {version('simplejpeg')}, {others}"


def _ome_zarr() -> str:
    try:
        return f"zarr {version('zarr')}"
    except PackageNotFoundError as exc:
        raise _NotNeededError("slides in OME-Zarr need zarr: pip install 'napari-msm-mil[zarr]'") from exc


def _encoder() -> str:
    from msm_mil_core.encoders.registry import load_encoder

    card = load_encoder("efficientnet-lite0", device="cpu", precision="float32").card
    return f"{card.name}, {card.features} features, weights {card.weights_sha256[:12]}"


def _model() -> str:
    from msm_mil_core.mil.model_file.checkpoint import default_checkpoint_path, load_checkpoint

    return load_checkpoint(default_checkpoint_path()).name


def _devices() -> str:
    import torch

    from msm_mil_core.devices import choose_device

    cards = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    mps = ["Apple GPU"] if torch.backends.mps.is_available() else []
    threads = f"CPU with {torch.get_num_threads()} threads"
    return f"auto takes {choose_device()}; available: {', '.join([*cards, *mps, threads])}; torch {torch.__version__}"


def _window() -> str:
    if not has_screen():
        raise _NotNeededError("no screen here; the command line works without one")
    binding = choose_binding(installed_bindings(), version("napari"), os.environ.get("QT_API"))
    words, variables = [sys.executable, "-W", "ignore", "-c", WINDOW_PROBE], os.environ | {"QT_API": binding}
    probe = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=variables)  # noqa: S603
    if probe.returncode == 0:
        return f"napari {version('napari')} on {probe.stdout.strip()}"
    if any(words in probe.stderr for words in NO_SCREEN):
        raise _NotNeededError("no screen that can be reached from here; the command line works without one")
    last = (probe.stderr.strip().splitlines() or ["no screen"])[-1]
    raise MsmMilError(
        f"no window here ({last}); the command line works without one. docs/installing.md says what Qt needs."
    )


def _cached_features() -> str:
    folder = features_folder()
    size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    return f"{size / 1e6:.0f} MB in {folder}; deleting it costs only time"
