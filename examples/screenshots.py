"""Make the README's screenshots: python examples/screenshots.py SLIDE [--out examples/screenshots].

Plays a user in a real napari window: opens the slide, runs the bundled model from the dock, and looks.
Needs a screen; on a machine without one, a virtual one: xvfb-run -a -s '-screen 0 1600x1000x24' python …
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import napari
from napari.settings import get_settings
from napari.utils.notifications import NotificationSeverity
from qtpy.QtWidgets import QApplication

from napari_msm_mil._widget import RunWidget

LONGEST_RUN_S = 600


def main() -> None:
    """Open, run, look, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("slide", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "screenshots")
    wish = parser.parse_args()
    get_settings().application.gui_notification_level = NotificationSeverity.ERROR  # no note on top of the picture
    wish.out.mkdir(parents=True, exist_ok=True)
    viewer = napari.Viewer()
    viewer.window.resize(1560, 960)
    viewer.open(str(wish.slide), plugin="napari-msm-mil")
    _, widget = viewer.window.add_plugin_dock_widget("napari-msm-mil", "Run MSM-MIL")
    run(widget, lambda: len(viewer.layers) > 1)
    look(1.0)
    viewer.window.screenshot(str(wish.out / "window.png"), canvas_only=False)
    viewer.close()


def run(widget: RunWidget, shown: Callable[[], bool]) -> None:
    """Press Run and wait for the heatmaps."""
    widget.findChild(object, "run").click()
    give_up = time.monotonic() + LONGEST_RUN_S
    while not shown() and time.monotonic() < give_up:
        look(0.1)


def look(seconds: float) -> None:
    """Let the window draw for a while."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    main()
