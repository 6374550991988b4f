"""msm-mil doctor: what works on this machine."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.table import Table

from msm_mil_core.cli.console import out
from msm_mil_core.errors import MsmMilError
from msm_mil_core.user_folders import features_folder

WINDOW_PROBE = (
    "from qtpy import API_NAME; from qtpy.QtGui import QOffscreenSurface, QOpenGLContext;"
    "from qtpy.QtWidgets import QApplication; app = QApplication([]);"
    "surface = QOffscreenSurface(); surface.create(); gl = QOpenGLContext(); made = gl.create();"
    "made = made and gl.makeCurrent(surface); form = gl.format();"
    "print(API_NAME, f'OpenGL {form.majorVersion()}.{form.minorVersion()}' if made else 'no OpenGL')"
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that works or does not, and what to do about it."""

    thing: str
    works: bool
    words: str


def doctor() -> int:
    """Check what works on this machine: openslide, encoder weights, models, devices, the window."""
    checks = [
        _examine("openslide", _openslide),
        _examine("encoder", _encoder),
        _examine("bundled model", _model),
        _examine("devices", _devices),
        _examine("window", _window),
        _examine("cached features", _cached_features),
    ]
    table = Table("", "", "", title="msm-mil doctor", title_justify="left", show_header=False)
    for check in checks:
        table.add_row("ok" if check.works else "no", check.thing, check.words, style=_style(check))
    out.print(table)
    return 0 if all(check.works for check in checks) else 1


def _style(check: Check) -> str | None:
    return None if check.works else "red"


def _examine(thing: str, check: Callable[[], str]) -> Check:
    try:
        return Check(thing, works=True, words=check())
    except (MsmMilError, ImportError, OSError, subprocess.SubprocessError, PackageNotFoundError) as exc:
        return Check(thing, works=False, words=str(exc))


def _openslide() -> str:
    import openslide

    return f"openslide {openslide.__library_version__}, openslide-python {version('openslide-python')}"


def _encoder() -> str:
    from msm_mil_core.encoders.registry import load_encoder

    card = load_encoder("efficientnet-lite0", device="cpu", precision="float32").card
    return f"{card.name}, {card.features} features, weights {card.weights_sha256[:12]}"


def _model() -> str:
    from msm_mil_core.mil.checkpoint import default_checkpoint_path, load_checkpoint

    return load_checkpoint(default_checkpoint_path()).name


def _devices() -> str:
    import torch

    from msm_mil_core.devices import choose_device

    cards = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    mps = ["Apple GPU"] if torch.backends.mps.is_available() else []
    threads = f"CPU with {torch.get_num_threads()} threads"
    return f"auto takes {choose_device()}; available: {', '.join([*cards, *mps, threads])}; torch {torch.__version__}"


def _window() -> str:
    words = [sys.executable, "-W", "ignore", "-c", WINDOW_PROBE]
    probe = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  our own words
    if probe.returncode == 0:
        return f"napari {version('napari')} on {probe.stdout.strip()}"
    last = (probe.stderr.strip().splitlines() or ["no screen"])[-1]
    raise MsmMilError(f"no window here ({last}); the command line works without one. See the README for what Qt needs.")


def _cached_features() -> str:
    folder = features_folder()
    size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    return f"{size / 1e6:.0f} MB in {folder}; deleting it costs only time"
