"""Files of features in a folder, as this and other programs arrange theirs."""

import os
from collections.abc import Iterator
from pathlib import Path

from msm_mil_core.bags.elsewhere.suffixes import FEATURES, HDF5, STORE
from msm_mil_core.file_names import RESULT_SUFFIX

DEEPEST = 3
"""Folders below the one that is named in which features are looked for."""
NO_FEATURES = (
    *(".index.npz", ".index.npy", ".coordinates.npz", ".tiles.npz", ".begun.h5", "_patches.h5"),
    RESULT_SUFFIX,
)
"""What the names of files end in that lie beside features or are no bag: places of tiles, results."""
OTHER_FOLDERS = {
    *("coordinates", "hierarchical_embeddings", "patches", "patient_embeddings", "slide_embeddings", "slide_latents"),
    "tiles",
}
"""Folders in which TRIDENT, CLAM, hs2p and slide2vec keep other things."""
OF_SLIDES = "slide_features_"
"""What TRIDENT's folders with one vector a slide begin with."""
OF_TILES = "-tiles"
"""What older versions of slide2vec append to a name where they keep one vector of the slide under the name itself."""


def find_feature_files(folder: Path, *, deepest: int = DEEPEST) -> tuple[Path, ...]:
    """Return the files of features in a folder, and in folders so far below it, by name; each bag once."""
    return _without_copies(sorted(_walk(folder, deepest)))


def _walk(folder: Path, deepest: int) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        here = Path(place)
        yield from (here / name for name in folders if name.lower().endswith(STORE))
        deep = len(here.relative_to(folder).parts) >= deepest
        folders[:] = [] if deep else [name for name in folders if _may_hold_features(name)]
        yield from (here / name for name in files if _may_be_features(name))


def _may_hold_features(name: str) -> bool:
    lower = name.lower()
    return not lower.startswith((".", OF_SLIDES)) and lower not in OTHER_FOLDERS and not lower.endswith(STORE)


def _may_be_features(name: str) -> bool:
    lower = name.lower()
    return lower.endswith(FEATURES) and not lower.startswith(".") and not lower.endswith(NO_FEATURES)


def _without_copies(files: list[Path]) -> tuple[Path, ...]:
    """Leave out CLAM's tensors whose features lie in its HDF5 files as well, and vectors of slides beside tiles'."""
    whole = {file.with_suffix("") for file in files if file.parent.name == "h5_files" and file.suffix.lower() in HDF5}
    names = {file.with_suffix("") for file in files}
    return tuple(
        file
        for file in files
        if not (file.parent.name == "pt_files" and _with_places(file) in whole)
        and file.with_name(f"{file.stem}{OF_TILES}") not in names
    )


def _with_places(file: Path) -> Path:
    return file.parent.with_name("h5_files") / file.stem
