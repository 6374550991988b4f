"""What CLAM writes beside a tensor of features: the corners of its tiles, in HDF5."""

from pathlib import Path

from msm_mil_core.bags.attributes import read_attributes
from msm_mil_core.bags.elsewhere.placing import Placing
from msm_mil_core.errors import FeatureFileError
from msm_mil_core.hdf5.opening import open_hdf5

TENSORS, WITH_PLACES, PLACES = "pt_files", "h5_files", "patches"
"""Folders of features alone, of features with corners, and of corners alone."""


def find_clam(path: Path) -> tuple[Path, ...]:
    """Return the file that has the corners of the tiles of pt_files/NAME.pt: in h5_files, else in patches."""
    if path.parent.name != TENSORS:
        return ()
    folders = (path.parent.with_name(WITH_PLACES), path.parent.with_name(PLACES), path.parent.parent.with_name(PLACES))
    return tuple(file for folder in folders if (file := folder / f"{path.stem}.h5").is_file())[:1]


def read_clam(files: tuple[Path, ...]) -> Placing:
    """Read corners, and what their attributes state.

    Raises
    ------
    FeatureFileError
        If there are no corners.
    Hdf5Error
        If the file is damaged.
    """
    with open_hdf5(files[0]) as file:
        if "coords" not in file:
            raise FeatureFileError(f"{files[0]} does not say where tiles lie (no coords). Make the features again.")
        attributes = read_attributes(file)
        told = {name: holders[0].attrs[name] for name, holders in attributes.holders.items()}
        return Placing(file["coords"][:], told)
