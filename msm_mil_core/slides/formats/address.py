"""Addresses of files on other computers, as paths carry them."""

import re
from pathlib import Path

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/{1,2}([^/].*)", re.IGNORECASE)
"""A scheme of two letters or more, which sets it apart from a drive of Windows; pathlib joins its slashes."""


def remote_address(path: Path) -> str | None:
    """Return the address that a path stands for, such as "s3://bucket/a.tif"; None if it is one of this computer."""
    found = _ADDRESS.fullmatch(path.as_posix())
    if found is None or path.exists():
        return None
    return f"{found[1]}://{found[2]}"
