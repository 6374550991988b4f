"""msm-mil view: a slide or a result in the napari window."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from msm_mil_core.errors import MsmMilError, SlideError

PLUGIN = "napari-msm-mil"


def view(paths: list[Path], /) -> int:
    """Open slides or results in napari, with the widget "Run MSM-MIL".

    Parameters
    ----------
    paths
        Slides, or result files (.msm.h5), which open their slide, too.
    """
    for path in paths:
        if not path.exists():
            raise SlideError(f"There is no file {path}; check the name.")
    _check_window()
    words = [sys.executable, "-m", "napari", "--plugin", PLUGIN, *map(str, paths), "--with", PLUGIN, "Run MSM-MIL"]
    return subprocess.run(words, check=False).returncode  # noqa: S603  our own interpreter, the user's own files


def _check_window() -> None:
    if not any(find_spec(binding) for binding in ("PyQt5", "PyQt6", "PySide6")):
        raise MsmMilError("No Qt is installed for the window; run: pip install 'napari-msm-mil[pyqt5]'")
