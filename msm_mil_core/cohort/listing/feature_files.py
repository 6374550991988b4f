"""Files of features in a folder, as other programs arrange theirs."""

import os
from collections.abc import Iterator
from pathlib import Path

from msm_mil_core.bags.elsewhere.suffixes import FEATURES, HDF5, STORE
from msm_mil_core.errors import SlideListError
from msm_mil_core.file_names import RESULT_SUFFIX

DEEPEST = 3
"""Folders below the one that is named in which features are looked for."""
NO_FEATURES = (".index.npz", ".index.npy", ".coordinates.npz", ".begun.h5", "_patches.h5", RESULT_SUFFIX)
"""What the names of files end in that lie beside features or are no bag: places of tiles, results."""
OTHER_FOLDERS = {"coordinates", "patches", "patient_embeddings", "slide_embeddings", "slide_latents", "tiles"}
"""Folders in which TRIDENT, CLAM, hs2p and slide2vec keep other things."""
OF_SLIDES = "slide_features_"
"""What TRIDENT's folders with one vector a slide begin with."""


def is_feature_file(path: Path) -> bool:
    """Return whether a path is of a file, or of a store or its table, that may hold features."""
    in_store = path.parent.name == "tables" and path.parent.parent.suffix.lower() == STORE
    return path.suffix.lower() in FEATURES or in_store


def list_feature_files(named: Path) -> tuple[Path, ...]:
    """Return the file that is named, or those of a folder and the folders in it, by name.

    Raises
    ------
    SlideListError
        If there is none.
    """
    if is_feature_file(named) and named.exists():
        return (named,)
    if not named.is_dir():
        what = "is no file of features" if named.exists() else "does not exist"
        raise SlideListError(f"{named} {what}. Name a file that ends in {', '.join(FEATURES)}, or a folder of such.")
    found = _without_copies(sorted(_walk(named)))
    if not found:
        raise SlideListError(f"{named} holds no features: no file in it ends in {', '.join(FEATURES)}. Check the path.")
    return found


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        here = Path(place)
        yield from (here / name for name in folders if name.lower().endswith(STORE))
        deep = len(here.relative_to(folder).parts) >= DEEPEST
        folders[:] = [] if deep else [name for name in folders if _may_hold_features(name)]
        yield from (here / name for name in files if _may_be_features(name))


def _may_hold_features(name: str) -> bool:
    lower = name.lower()
    return not lower.startswith((".", OF_SLIDES)) and lower not in OTHER_FOLDERS and not lower.endswith(STORE)


def _may_be_features(name: str) -> bool:
    lower = name.lower()
    return lower.endswith(FEATURES) and not lower.startswith(".") and not lower.endswith(NO_FEATURES)


def _without_copies(files: list[Path]) -> tuple[Path, ...]:
    """Leave out the tensors of CLAM whose features lie in its HDF5 files as well."""
    whole = {file.with_suffix("") for file in files if file.parent.name == "h5_files" and file.suffix in HDF5}
    return tuple(file for file in files if not (file.parent.name == "pt_files" and _with_places(file) in whole))


def _with_places(file: Path) -> Path:
    return file.parent.with_name("h5_files") / file.stem
