"""By what a folder or a zip archive is known to be OME-Zarr, and what is said of one that is not; without zarr."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias
from zipfile import BadZipFile, ZipFile

METADATA = ("zarr.json", ".zattrs")
"""Where a group of Zarr 3 and of Zarr 2 has its attributes."""
OF_ZARR = (*METADATA, ".zgroup", ".zarray", ".zmetadata")
"""Files that describe the folder in which they lie."""
FIRST = "0"
"""Where bioformats2raw puts the first image."""
MOST_BYTES = 2**26
"""Metadata in an archive that unpack to more are not read."""
_ZIP = b"PK\3\4"
_PARTS = 4
"""How far up the whole is looked for, of which a folder may be a part: labels/nuclei/0."""

Read: TypeAlias = Callable[[str], bytes | None]
"""Returns what a file holds, by its name in a group; None if there is none."""


def is_ome_zarr(path: Path) -> bool:
    """Return whether a folder or a zip archive holds an image in OME-Zarr, by its metadata; never raises."""
    try:
        return _holds_image(_in_folder(path)) if path.is_dir() else place_in_zip(path) is not None
    except (OSError, ValueError):
        return False


def place_in_zip(file: Path) -> str | None:
    """Return where in a zip archive OME-Zarr lies: "", or the folder that is packed in it; None if it holds none."""
    with file.open("rb") as opened:
        if opened.read(len(_ZIP)) != _ZIP:
            return None
    try:
        with ZipFile(file) as archive:
            described = {str(PurePosixPath(name).parent) for name in archive.namelist() if name.endswith(OF_ZARR)}
            for place in sorted(described, key=lambda name: (len(PurePosixPath(name).parts), name))[:1]:
                if _holds_image(_in_zip(archive, "" if place == "." else f"{place}/")):
                    return "" if place == "." else place
    except (BadZipFile, NotImplementedError, RuntimeError):
        return None
    return None


def zarr_trouble(folder: Path) -> str:
    """Say why a folder of Zarr is no image in OME-Zarr, to follow its name; empty if it has nothing to do with it."""
    whole = next((each for each in list(folder.absolute().parents)[:_PARTS] if is_ome_zarr(each)), None)
    if whole is not None:
        return f"is a part of the OME-Zarr {whole}. Choose that folder."
    read = _in_folder(folder)
    try:
        attributes = _attributes(read, "")
    except (OSError, ValueError) as exc:
        return f"cannot be opened as OME-Zarr, since its metadata cannot be read ({exc}). Copy or export it again."
    ome = ome_part(attributes)
    if "plate" in ome or "well" in ome:
        return "is a plate of many images in OME-Zarr. Choose the folder of one image in it, such as A/1/0."
    return ""


def image_inside(attributes: Mapping[str, Any]) -> str | None:
    """Return where in a group the first image is: "", or the name of a group in it; None if it does not say."""
    ome = ome_part(attributes)
    if ome.get("multiscales"):
        return ""
    return FIRST if "bioformats2raw.layout" in ome else None


def ome_part(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what OME-Zarr has written: in 0.5 under a name of its own, before that beside everything else."""
    ome = attributes.get("ome", attributes)
    return ome if isinstance(ome, dict) else {}


def _holds_image(read: Read) -> bool:
    """Return whether a group is an image, or says that it holds some, or just has one where the first would be."""
    if image_inside(_attributes(read, "")) is not None:
        return True
    is_group = any(read(name) is not None for name in OF_ZARR[:3])
    return is_group and image_inside(_attributes(read, f"{FIRST}/")) == ""


def _attributes(read: Read, prefix: str) -> Mapping[str, Any]:
    """Return the attributes of a group; empty if it is none.

    Raises
    ------
    OSError, ValueError
        If they cannot be read.
    """
    for name in METADATA:
        content = read(f"{prefix}{name}")
        if content is not None:
            found = json.loads(content)
            attributes = found.get("attributes", {}) if name == METADATA[0] and isinstance(found, dict) else found
            return attributes if isinstance(attributes, dict) else {}
    return {}


def _in_folder(folder: Path) -> Read:
    return lambda name: (folder / name).read_bytes() if (folder / name).is_file() else None


def _in_zip(archive: ZipFile, prefix: str) -> Read:
    def read(name: str) -> bytes | None:
        try:
            found = archive.getinfo(prefix + name)
        except KeyError:
            return None
        if found.file_size > MOST_BYTES:
            raise ValueError(f"{prefix}{name} would take {found.file_size:,} bytes")
        return archive.read(found)

    return read
