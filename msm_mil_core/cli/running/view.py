"""msm-mil view: a slide or a result in the napari window."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from msm_mil_core.cli.qt_binding import choose_binding, installed_bindings
from msm_mil_core.errors import SlideError

PLUGIN = "napari-msm-mil"
WIDGET = "Run MSM-MIL"


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
    binding = choose_binding(installed_bindings(), version("napari"), os.environ.get("QT_API"))
    command = [sys.executable, "-m", "napari_msm_mil", "--plugin", PLUGIN, *map(str, paths), "--with", PLUGIN, WIDGET]
    return subprocess.run(command, env=os.environ | {"QT_API": binding}, check=False).returncode  # noqa: S603  ours
