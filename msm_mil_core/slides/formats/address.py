"""Addresses of files on other computers, as paths carry them."""

import os
import re
from pathlib import Path
from urllib.parse import unquote

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/{1,2}([^/].*)", re.IGNORECASE)
"""A scheme of two letters or more, which sets it apart from a drive of Windows; pathlib joins its slashes."""
_FILE = "file"
_LOCAL = re.compile(r"file:/{0,2}(?:localhost)?(/.*)", re.IGNORECASE)
_WINDOWS = re.compile(r"\\\\|[a-z]:\\", re.IGNORECASE)
"""\\\\server\\share, C:\\slides."""


def remote_address(path: Path) -> str | None:
    """Return the address that a path stands for, such as "s3://bucket/a.tif"; None if it is one of this computer."""
    found = _ADDRESS.fullmatch(path.as_posix())
    if found is None or found[1].lower() == _FILE or path.exists():
        return None
    return f"{found[1]}://{found[2]}"


def misread_address(path: Path) -> str:
    """Say how a path is written that this computer does not take as it stands; empty if it is a plain one."""
    local = _LOCAL.fullmatch(path.as_posix())
    if local:
        return f"it is an address of this computer; give the path alone: {unquote(local[1])}"
    if os.name != "nt" and _WINDOWS.match(str(path)):
        return "it is a path of Windows, which this computer does not know. Give the path at which the file is here."
    return ""
