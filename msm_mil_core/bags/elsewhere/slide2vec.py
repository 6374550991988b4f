"""What slide2vec and hs2p write beside features: records of encoder and tiles, and the tiles' corners."""

from pathlib import Path

import numpy as np

from msm_mil_core.bags.elsewhere.arrays import read_arrays
from msm_mil_core.bags.elsewhere.placing import Placing, group_in, product, read_json, stated
from msm_mil_core.errors import FeatureFileError

FOLDERS = ("tile_embeddings", "features")
"""In which features lie, of today and of older versions."""
TILES = ("tiles", "coordinates")
"""Folders beside these that hold corners, of today and of older versions."""
KINDS = ("coordinates", "tiles")
"""What follows a slide's name in the file of corners, of today and of older versions."""
CORNERS = (("x", "y"), ("x_lv0", "y_lv0"))
"""What corners are called there."""
APPENDED = "-tiles"
"""What older versions append to the name of features of tiles, where those of the slide are kept too."""


def find_slide2vec(path: Path) -> tuple[Path, ...]:
    """Return the corners of tiles, their record and that of the features, which lie as slide2vec places them.

    Where the records say that the files are is not believed: folders are moved.
    """
    names = [f"{path.stem.removesuffix(APPENDED)}.{kind}.npz" for kind in KINDS]
    places = [place for name in names for place in (path.with_name(name), *_beside(path, TILES, name))]
    corners = next((place for place in places if place.is_file()), None)
    if corners is None:
        return ()
    return corners, corners.with_suffix(".meta.json"), path.with_suffix(".meta.json")


def read_slide2vec(files: tuple[Path, ...]) -> Placing:
    """Read where tiles lie, in pixels of level 0, and what of them is recorded.

    Raises
    ------
    FeatureFileError
        If a file cannot be read.
    """
    arrays, tiles, features = read_arrays(files[0]), read_json(files[1]), read_json(files[2])
    called = next((names for names in CORNERS if set(names) <= arrays.keys()), None)
    if called is None:
        raise FeatureFileError(f"{files[0]} holds no x and y of tiles, as slide2vec writes them.")
    tiling, slide = group_in(tiles, "tiling") or tiles, group_in(tiles, "slide")
    size = slide.get("dimensions")
    width, height = size if isinstance(size, list) and len(size) == 2 else (None, None)
    side_px = tiling.get("requested_tile_size_px") or tiling.get("target_tile_size_px")
    asked_um = tiling.get("requested_spacing_um") or tiling.get("target_spacing_um")
    spacing = slide.get("base_spacing_um")
    return Placing(
        np.stack([arrays[name] for name in called], axis=-1),
        stated(
            patch_size=side_px,
            patch_size_level0=tiling.get("tile_size_lv0"),
            tile_size_um=product(side_px, asked_um),
            requested_size=1,
            unit="px",
            overlap=product(tiling.get("overlap"), side_px),
            level0_width=width,
            level0_height=height,
            level0_mpp=spacing or None,  # 0 where it was not known
            encoder=features.get("encoder_name"),
        ),
        index=arrays.get("tile_index"),
    )


def find_hs2p(path: Path) -> tuple[Path, ...]:
    """Return the corners of tiles that older versions of hs2p wrote: coordinates/NAME.npy beside features/NAME.pt."""
    corners = path.parent.with_name("coordinates") / f"{path.stem.removesuffix(APPENDED)}.npy"
    return (corners,) if corners.is_file() and corners != path else ()


def read_hs2p(files: tuple[Path, ...]) -> Placing:
    """Read a table that repeats the sizes of tiles in each line.

    Raises
    ------
    FeatureFileError
        If it is none, or tiles differ in size.
    """
    (table,) = read_arrays(files[0]).values()
    needed = {"x", "y", "tile_size_lv0"}
    names = table.dtype.names or ()
    if not needed <= set(names):
        raise FeatureFileError(f"{files[0]} is no table of {', '.join(sorted(needed))}, as hs2p writes it.")
    ones = {name: np.unique(table[name]) for name in names if name not in {"x", "y"}}
    if len(ones["tile_size_lv0"]) > 1:
        raise FeatureFileError(f"{files[0]} has tiles of several sizes, which are not read. Encode it again.")
    side_px0, resized, factor, spacing = (
        float(ones[name][0]) if len(ones.get(name, ())) == 1 else None
        for name in ("tile_size_lv0", "tile_size_resized", "resize_factor", "target_spacing")
    )
    side_px = round(resized / factor) if resized and factor else None
    return Placing(
        np.stack([table["x"], table["y"]], axis=-1),
        stated(
            unit="px",
            patch_size=side_px,
            patch_size_level0=side_px0,
            tile_size_um=product(side_px, spacing),
            requested_size=1,
        ),
    )


def _beside(path: Path, folders: tuple[str, ...], name: str) -> tuple[Path, ...]:
    """Return the places of a file in folders beside that of features, below one of a class if features are."""
    parts = path.parent.parts
    at = next((index for index in range(len(parts) - 1, -1, -1) if parts[index] in FOLDERS), None)
    return () if at is None else tuple(Path(*parts[:at], folder, *parts[at + 1 :], name) for folder in folders)
