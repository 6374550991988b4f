"""What CLAM writes beside features: the corners of its tiles and how they were made, in HDF5."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msm_mil_core.bags.attributes import read_attributes
from msm_mil_core.bags.elsewhere.placing import Placing
from msm_mil_core.errors import FeatureFileError
from msm_mil_core.hdf5.opening import open_hdf5

TENSORS, WITH_PLACES, PLACES = "pt_files", "h5_files", "patches"
"""Folders of features alone, of features with corners, and of corners alone."""


def find_clam(path: Path) -> tuple[Path, ...]:
    """Return the files that have the corners of the tiles of pt_files/NAME.pt: in h5_files, and in patches."""
    if path.parent.name != TENSORS:
        return ()
    corners = path.parent.with_name(WITH_PLACES) / f"{path.stem}.h5"
    return (*(file for file in (corners,) if file.is_file()), *find_patches(path))


def find_patches(path: Path) -> tuple[Path, ...]:
    """Return the file that says how tiles were made of which h5_files or pt_files have features.

    CLAM writes features wherever it is told to; where that is beside or above its own folders, they are found.
    """
    if path.parent.name not in {TENSORS, WITH_PLACES}:
        return ()
    above = path.parent.parent
    folders = (above / PLACES, above.with_name(PLACES))
    return tuple(file for folder in folders if (file := folder / f"{path.stem}.h5").is_file())[:1]


def read_clam(files: tuple[Path, ...]) -> Placing:
    """Read corners, and what their attributes state; what the first file does not state may stand in the second.

    Raises
    ------
    FeatureFileError
        If there are no corners.
    Hdf5Error
        If a file is damaged.
    """
    first, *others = map(_read_corners, files)
    told: dict[str, Any] = dict(first.statements)
    for other in others:
        if other.coords.shape == first.coords.shape and (other.coords == first.coords).all():
            told = dict(other.statements) | told
    return Placing(first.coords, told)


def read_statements(path: Path, corners: Any) -> Mapping[str, Any]:
    """Read what a file of patches states of tiles with these corners; nothing if it has other corners.

    Raises
    ------
    FeatureFileError, Hdf5Error
        As `read_clam` raises them.
    """
    found = _read_corners(path)
    same = found.coords.shape == corners.shape and bool((found.coords == corners).all())
    return found.statements if same else {}


def _read_corners(path: Path) -> Placing:
    with open_hdf5(path) as file:
        if "coords" not in file:
            raise FeatureFileError(f"{path} does not say where tiles lie (no coords). Make the features again.")
        attributes = read_attributes(file)
        told = {name: holders[0].attrs[name] for name, holders in attributes.holders.items()}
        return Placing(file["coords"][:], told)
