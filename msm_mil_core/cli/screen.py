"""Whether there is a screen for a window."""

import os
import sys


def has_screen() -> bool:
    """Return whether a window can be expected to open; a server and a remote terminal have no screen."""
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
