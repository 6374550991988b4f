"""The formats other than HDF5: which file is of one, what lies beside it, and what both state."""

from collections.abc import Callable
from pathlib import Path

from msm_mil_core.bags.attributes import Statements, collect_attributes
from msm_mil_core.bags.elsewhere.arrays import pick_features, read_arrays
from msm_mil_core.bags.elsewhere.clam import find_clam, find_patches, read_clam
from msm_mil_core.bags.elsewhere.placing import Placing
from msm_mil_core.bags.elsewhere.slide2vec import find_hs2p, find_slide2vec, read_hs2p, read_slide2vec
from msm_mil_core.bags.elsewhere.slideflow import find_slideflow, read_slideflow
from msm_mil_core.bags.elsewhere.spatialdata import is_store, read_spatialdata, store_of
from msm_mil_core.bags.elsewhere.suffixes import NUMPY, TORCH
from msm_mil_core.bags.elsewhere.trident import find_trident
from msm_mil_core.bags.stated_bag import StatedBag, check_table

Find = Callable[[Path], tuple[Path, ...]]
Read = Callable[[tuple[Path, ...]], Placing]

BESIDE: tuple[tuple[Find, Read], ...] = (
    (find_slideflow, read_slideflow),
    (find_slide2vec, read_slide2vec),
    (find_hs2p, read_hs2p),
    (find_clam, read_clam),
    (find_trident, read_clam),
)
"""How each program's file of places is found beside features, and read; the first that is found counts."""


def is_elsewhere(path: Path) -> bool:
    """Return whether a file or folder is of one of these formats, by its name."""
    return path.suffix.lower() in {*TORCH, *NUMPY} or is_store(path)


def read_elsewhere(path: Path) -> StatedBag:
    """Read features of one of these formats, and what is stated of them, in the file or beside it.

    Raises
    ------
    FeatureFileError
        If it holds anything but one vector of numbers a tile, or what lies beside it cannot be read.
    """
    if is_store(path):
        return read_spatialdata(path)
    arrays = read_arrays(path)
    features = pick_features(path, arrays)
    check_table(features, "the array", str(path))
    own = Statements({name: array.item() for name, array in arrays.items() if not array.ndim})
    for find, read in BESIDE:
        if files := find(path):
            placing = read(files)
            attributes = collect_attributes(str(path), [Statements(placing.statements), own])
            coords = placing.places_of(arrays.get("tile_index"), str(path))
            return StatedBag(str(path), features, coords, attributes, placing.anchor)
    return StatedBag(str(path), features, arrays.get("coords"), collect_attributes(str(path), [own]))


def files_of(path: Path) -> tuple[Path, ...]:
    """Return every file that a bag is read from, the features first."""
    if is_store(path):
        return tuple(sorted(file for file in store_of(path).rglob("*") if file.is_file()))
    if is_elsewhere(path):
        beside = next((files for find, _ in BESIDE if (files := find(path))), ())
    else:
        beside = find_patches(path)
    return (path, *(file for file in beside if file.is_file()))
