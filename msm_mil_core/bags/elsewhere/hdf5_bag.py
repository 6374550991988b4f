"""Features that another program wrote in HDF5, completed by what lies beside them and what is known of the program."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from msm_mil_core.bags.attributes import Attributes, Statements
from msm_mil_core.bags.elsewhere.clam import find_patches, read_statements
from msm_mil_core.bags.stated_bag import StatedBag, state_hdf5
from msm_mil_core.bags.tile_step import common_step

SIDES = ("patch_size", "patch_size_level0", "tile_size_um", "tile_size_px", "tile_size", "unit")
"""A file that states one of these says itself how its tiles were made."""
FIRST_STAMP_PX, FIRST_STAMP_UM = 224, 256.0
"""Side of a tile in STAMP's first versions, which place tiles in pixels of that size and state nothing."""


def state_foreign(file: h5py.File) -> StatedBag:
    """Return what an HDF5 file of another program holds and states, and what is stated beside it.

    Raises
    ------
    FeatureFileError
        If there are no features of tiles, or what lies beside them cannot be read.
    """
    stated = state_hdf5(file)
    if not _sound(stated) or any(name in stated.attributes.holders for name in SIDES[:-2]):
        return stated
    if patches := find_patches(Path(stated.name)):
        told = read_statements(patches[0], np.asarray(stated.coords))
        return replace(stated, attributes=_with(stated.attributes, told))
    return _in_micrometres(stated) if stated.without_unit else stated


def _in_micrometres(stated: StatedBag) -> StatedBag:
    """Return a bag of STAMP's first versions, as its later ones read it: steps of 224 between tiles are 256 µm."""
    corners, attributes = np.asarray(stated.coords), stated.attributes
    other_side = attributes.number("tile_size") not in {None, FIRST_STAMP_PX}
    if other_side or common_step(np.rint(corners).astype(np.int64)) != FIRST_STAMP_PX:
        return stated
    told = {"unit": "um", "tile_size_um": FIRST_STAMP_UM, "tile_size_px": FIRST_STAMP_PX}
    return replace(
        stated,
        coords=corners * (FIRST_STAMP_UM / FIRST_STAMP_PX),
        attributes=_with(attributes, told),
        without_unit=False,
    )


def _with(attributes: Attributes, told: Mapping[str, Any]) -> Attributes:
    """Return attributes with others before them."""
    holders = dict(attributes.holders) | {name: (Statements(told), *attributes.holders.get(name, ())) for name in told}
    return replace(attributes, holders=holders)


def _sound(stated: StatedBag) -> bool:
    """Return whether there is a place for each tile."""
    coords, count = stated.coords, stated.shape[0]
    whole = getattr(coords, "shape", None) == (count, 2) and coords.dtype.kind in "fiu"  # type: ignore[union-attr]
    return whole and bool(np.isfinite(np.asarray(coords)).all())
