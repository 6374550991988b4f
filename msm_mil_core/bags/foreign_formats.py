"""Files of features that TRIDENT, CLAM and STAMP write, read as bags."""

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.bag import EncoderCard, FeatureBag
from msm_mil_core.errors import FeatureFileError
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiles import TileGrid

UNKNOWN = "unknown"
TILES_AT_ONCE = 8192
"""Tiles in a block of features."""


def find_features(file: h5py.File) -> h5py.Dataset:
    """Return the dataset of features in any layout, ours included: `features` or STAMP's `feats`, (N, P) or (1, N, P).

    Raises
    ------
    FeatureFileError
        If there are none.
    """
    name = next((name for name in ("features", "feats") if name in file), None)
    if name is None:
        raise FeatureFileError(f"{file.filename} holds no features, only {sorted(file)}. Encode the slide first.")
    return file[name]


def feature_blocks(dataset: h5py.Dataset) -> Iterator[NDArray[np.generic]]:
    """Read features, (N, P) or (1, N, P), some thousand tiles at once: blocks (n, P) of the file's own type."""
    batched = dataset.ndim == 3 and len(dataset) == 1
    for start in range(0, dataset.shape[-2], TILES_AT_ONCE):
        here = slice(start, start + TILES_AT_ONCE)
        yield dataset[0, here] if batched else dataset[here]


def read_features(file: h5py.File) -> NDArray[np.float32]:
    """Read the features (N, P) of any layout as float32, with no second copy of them in memory.

    Raises
    ------
    FeatureFileError
        If there are none, or not one finite vector a tile.
    """
    dataset = find_features(file)
    shape = dataset.shape[1:] if dataset.ndim == 3 and len(dataset) == 1 else dataset.shape
    features = np.empty(shape if len(shape) == 2 else (0, 0), np.float32)
    for index, block in enumerate(feature_blocks(dataset) if features.size else ()):
        features[index * TILES_AT_ONCE :][: len(block)] = block
    if not features.size or not is_finite(features):
        raise FeatureFileError(
            f"{file.filename}: {dataset.name[1:]} {shape} is not one vector of finite numbers a tile. Encode it again."
        )
    return features


def is_finite(features: NDArray[np.floating]) -> bool:
    """Return whether all features (N, P) are finite, without another array of that size."""
    starts = range(0, len(features), TILES_AT_ONCE)
    return all(np.isfinite(features[start : start + TILES_AT_ONCE]).all() for start in starts)


def foreign_encoder(file: h5py.File) -> str | None:
    """Return what another program calls the encoder, if the file states it."""
    name = file["features"].attrs.get("encoder") if "features" in file else file.attrs.get("extractor")
    return str(name) if name else None


def load_foreign(file: h5py.File, slide_mpp: float | None) -> FeatureBag:
    """Read a bag that another program wrote; its tiles lie where that program laid them, on our grid or not.

    What the file does not state is left open: no hash, no licence, the slide's size as far as its tiles extend.

    Raises
    ------
    FeatureFileError
        If it does not state where its tiles lie on level 0.
    """
    features = read_features(file)
    tiles = place_foreign(file, len(features), slide_mpp)
    return FeatureBag(features, tiles, _facts(file, tiles, slide_mpp), _card(file, features, tiles))


def place_foreign(file: h5py.File, count: int, slide_mpp: float | None) -> TileGrid:
    """Read where the tiles of another program's file lie, of which there are `count`.

    Raises
    ------
    FeatureFileError
        If it does not state where they lie on level 0.
    """
    if "coords" not in file:
        raise FeatureFileError(f"{file.filename} does not say where its tiles lie (no coords); use its features only.")
    places = _without_batch(file["coords"][:])
    if places.shape != (count, 2):
        raise FeatureFileError(f"{file.filename}: {count} features, but coords {places.shape}. Encode it again.")
    return _stamp_tiles(file, places, slide_mpp) if "feats" in file else _level0_tiles(file, places, slide_mpp)


def _without_batch(values: NDArray[np.generic]) -> NDArray[np.generic]:
    return values[0] if values.ndim == 3 and len(values) == 1 else values


def _stamp_tiles(file: h5py.File, corner_um: NDArray[np.generic], slide_mpp: float | None) -> TileGrid:
    """STAMP stores micrometres from the slide's top-left corner."""
    side_um = file.attrs.get("tile_size_um", file.attrs.get("tile_size"))
    if slide_mpp is None or side_um is None:
        lacking = "the slide's mpp is needed to place them" if side_um is not None else "not how large they are"
        raise FeatureFileError(f"{file.filename} states in micrometres where its tiles lie, but {lacking}.")
    side_px0 = round(float(side_um) / slide_mpp)
    side_px = int(file.attrs.get("tile_size_px", side_px0))
    return TileGrid(_whole(corner_um.astype(np.float64) / slide_mpp), side_px0, side_px, float(side_um) / side_px)


def _level0_tiles(file: h5py.File, corner_px0: NDArray[np.generic], slide_mpp: float | None) -> TileGrid:
    """TRIDENT and CLAM store level-0 pixels; CLAM does not store the tiles' side."""
    attributes = file["coords"].attrs
    xy_px0 = _whole(corner_px0.astype(np.float64))
    side_px0 = int(attributes["patch_size_level0"]) if "patch_size_level0" in attributes else _step(file, xy_px0)
    side_px = int(attributes.get("patch_size", side_px0))
    return TileGrid(xy_px0, side_px0, side_px, (slide_mpp or float("nan")) * side_px0 / side_px)


def _step(file: h5py.File, xy_px0: NDArray[np.int64]) -> int:
    """Return the smallest step between tiles: their side, as long as they do not overlap."""
    steps = np.concatenate([np.diff(np.unique(along)) for along in xy_px0.T])
    if not len(steps):
        raise FeatureFileError(f"{file.filename} does not say how large its one tile is; use its features only.")
    return int(steps.min())


def _whole(xy: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(xy).astype(np.int64)


def _facts(file: h5py.File, tiles: TileGrid, slide_mpp: float | None) -> SlideFacts:
    attributes = file["coords"].attrs
    right, bottom = (tiles.xy_px0.max(axis=0) + tiles.side_px0).tolist()
    size_px0 = (int(attributes.get("level0_width", right)), int(attributes.get("level0_height", bottom)))
    return SlideFacts(
        name=str(attributes.get("name", Path(file.filename).stem)),
        path="",
        size_px0=size_px0,
        mpp=slide_mpp,
        mpp_origin="missing" if slide_mpp is None else "user",
        origin_px0=(0, 0),
        extent_px0=size_px0,
        quick_hash="",
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
