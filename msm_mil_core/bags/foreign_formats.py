"""Files of features that TRIDENT, CLAM and STAMP write, read as bags."""

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.attributes import read_attributes
from msm_mil_core.bags.bag import EncoderCard, FeatureBag
from msm_mil_core.bags.foreign_tiles import GivenScale, place_foreign
from msm_mil_core.errors import FeatureFileError
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiling.tiles import TileGrid

FEATURES = ("features", "feats")
"""Names of the dataset of features: TRIDENT's, CLAM's and ours; STAMP's."""
NAMES_SHOWN = 8
UNKNOWN = "unknown"
TILES_AT_ONCE = 8192
"""Tiles in a block of features."""


def find_features(file: h5py.File) -> h5py.Dataset:
    """Return the dataset of features in any layout, ours included: `features` or STAMP's `feats`, (N, P) or (1, N, P).

    Raises
    ------
    FeatureFileError
        If there are none, or it is not one vector of numbers a tile.
    """
    named = [name for name in FEATURES if name in file]
    if len(named) != 1:
        found = "both" if named else f"only {sorted(file)[:NAMES_SHOWN]}"
        raise FeatureFileError(
            f"{file.filename} holds no features, or not once: {' or '.join(FEATURES)} was looked for, {found} found. "
            "Rename the dataset, or encode the slide."
        )
    dataset = file[named[0]]
    if not _is_table(dataset):
        what = getattr(dataset, "shape", None) or "a group or empty"
        raise FeatureFileError(
            f"{file.filename}: {named[0]} is {what}, not one vector of numbers a tile. Encode it again."
        )
    return dataset


def table_shape(dataset: h5py.Dataset) -> tuple[int, int]:
    """Return the number N of tiles and the number P of features of what `find_features` returns."""
    tiles, features = dataset.shape[-2:]
    return tiles, features


def _is_table(dataset: h5py.Dataset | h5py.Group) -> bool:
    shape: tuple[int, ...] = getattr(dataset, "shape", None) or ()
    one_bag = len(shape) == 2 or (len(shape) == 3 and shape[0] == 1)
    return one_bag and shape[-1] > 0 and dataset.dtype.kind in "fiu"


def feature_blocks(dataset: h5py.Dataset) -> Iterator[NDArray[np.generic]]:
    """Read features, (N, P) or (1, N, P), some thousand tiles at once: blocks (n, P) of the file's own type."""
    for start in range(0, dataset.shape[-2], TILES_AT_ONCE):
        here = slice(start, start + TILES_AT_ONCE)
        yield dataset[0, here] if dataset.ndim == 3 else dataset[here]


def read_features(file: h5py.File) -> NDArray[np.float32]:
    """Read the features (N, P) of any layout as float32, with no second copy of them in memory.

    Raises
    ------
    FeatureFileError
        If there are none, or not one finite vector a tile.
    """
    dataset = find_features(file)
    features = np.empty(table_shape(dataset), np.float32)
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as such
        for index, block in enumerate(feature_blocks(dataset)):
            features[index * TILES_AT_ONCE :][: len(block)] = block
    if not features.size or not is_finite(features):
        raise FeatureFileError(
            f"{file.filename}: {dataset.name[1:]} {features.shape} is not one vector of finite numbers a tile. "
            "Encode it again."
        )
    return features


def is_finite(features: NDArray[np.floating]) -> bool:
    """Return whether all features (N, P) are finite, without another array of that size."""
    starts = range(0, len(features), TILES_AT_ONCE)
    return all(np.isfinite(features[start : start + TILES_AT_ONCE]).all() for start in starts)


def foreign_encoder(file: h5py.File) -> str | None:
    """Return what another program calls the encoder; None where the file does not state it legibly."""
    try:
        return read_attributes(file).text("encoder", "extractor")
    except FeatureFileError:
        return None


def load_foreign(file: h5py.File, given: GivenScale) -> FeatureBag:
    """Read a bag that another program wrote; its tiles lie where that program laid them, on our grid or not.

    What the file does not state is left open: no hash, no licence, the slide's size as far as its tiles extend.

    Raises
    ------
    FeatureFileError
        If neither the file nor the user says where its tiles lie on level 0, and how large they are.
    """
    features = read_features(file)
    tiles = place_foreign(file, len(features), given)
    return FeatureBag(features, tiles, _facts(file, tiles, given.slide_mpp), _card(file, features, tiles))


def _facts(file: h5py.File, tiles: TileGrid, slide_mpp: float | None) -> SlideFacts:
    attributes = read_attributes(file)
    right, bottom = (tiles.xy_px0.max(axis=0) + tiles.side_px0).tolist()
    size_px0 = (attributes.pixels("level0_width") or right, attributes.pixels("level0_height") or bottom)
    return SlideFacts(
        name=attributes.text("name") or Path(file.filename).stem,
        path="",
        size_px0=size_px0,
        mpp=slide_mpp,
        mpp_origin="missing" if slide_mpp is None else "user",
        origin_px0=(0, 0),
        extent_px0=size_px0,
        quick_hash="",
        reader=UNKNOWN,
    )


def _card(file: h5py.File, features: NDArray[np.float32], tiles: TileGrid) -> EncoderCard:
    return EncoderCard(
        name=foreign_encoder(file) or UNKNOWN,
        features=features.shape[1],
        side_px=tiles.side_px,
        mpp=None,
        licence=UNKNOWN,
        weights_sha256="",
        precision=UNKNOWN,
    )
