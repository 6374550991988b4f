"""By what a folder is known to be OME-Zarr, and what it says of its image; read without the library zarr."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

METADATA = ("zarr.json", ".zattrs")
"""Where a group of Zarr 3 and of Zarr 2 has its attributes."""
FIRST = "0"
"""Where bioformats2raw puts the first image."""


def is_ome_zarr(path: Path) -> bool:
    """Return whether a folder holds an image in OME-Zarr, by its metadata; never raises."""
    try:
        return path.is_dir() and image_inside(group_attributes(path)) is not None
    except (OSError, ValueError):
        return False


def group_attributes(folder: Path) -> Mapping[str, Any]:
    """Return the attributes of a group of Zarr; empty if the folder is none.

    Raises
    ------
    OSError, ValueError
        If they cannot be read.
    """
    for name in METADATA:
        file = folder / name
        if file.is_file():
            found = json.loads(file.read_bytes())
            attributes = found.get("attributes", {}) if name == METADATA[0] and isinstance(found, dict) else found
            return attributes if isinstance(attributes, dict) else {}
    return {}


def image_inside(attributes: Mapping[str, Any]) -> str | None:
    """Return where in a group the first image is: "", or the name of a group in it; None if it holds none."""
    ome = ome_part(attributes)
    if ome.get("multiscales"):
        return ""
    return FIRST if "bioformats2raw.layout" in ome else None


def ome_part(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what OME-Zarr has written: in 0.5 under a name of its own, before that beside everything else."""
    ome = attributes.get("ome", attributes)
    return ome if isinstance(ome, dict) else {}
