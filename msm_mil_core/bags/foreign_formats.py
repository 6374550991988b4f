"""Features that other programs wrote, read as bags."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.bag import EncoderCard, FeatureBag
from msm_mil_core.bags.encoder_names import encoder_of_path
from msm_mil_core.bags.foreign_tiles import GivenScale, place_foreign
from msm_mil_core.bags.stated_bag import StatedBag, Table
from msm_mil_core.errors import FeatureFileError
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiling.tiles import TileGrid

UNKNOWN = "unknown"
LARGEST_MPP = 100
"""Micrometres per level-0 pixel; more is a mistake."""
TILES_AT_ONCE = 8192
"""Tiles in a block of features."""


def feature_blocks(table: Table) -> Iterator[NDArray[Any]]:
    """Read features, (N, P) or (1, N, P), some thousand tiles at once: blocks (n, P) of the file's own type."""
    for start in range(0, table.shape[-2], TILES_AT_ONCE):
        here = slice(start, start + TILES_AT_ONCE)
        yield table[0, here] if table.ndim == 3 else table[here]


def read_features(stated: StatedBag) -> NDArray[np.float32]:
    """Read the features (N, P) of any format as float32, with no second copy of them in memory.

    Raises
    ------
    FeatureFileError
        If there are none, or not one finite vector a tile.
    """
    features = np.empty(stated.shape, np.float32)
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as such
        for index, block in enumerate(feature_blocks(stated.features)):
            features[index * TILES_AT_ONCE :][: len(block)] = block
    if not features.size or not is_finite(features):
        raise FeatureFileError(
            f"{stated.name}: features {features.shape} are not one vector of finite numbers a tile: "
            f"{_what_is_wrong(features)}. Encode it again."
        )
    return features


def _what_is_wrong(features: NDArray[np.float32]) -> str:
    if not features.size:
        return "there is no tile"
    wrong = int((~np.isfinite(features).all(axis=1)).sum())
    return f"{wrong} of {len(features)} tiles have such that are NaN or infinite"


def is_finite(features: NDArray[np.floating]) -> bool:
    """Return whether all features (N, P) are finite, without another array of that size."""
    starts = range(0, len(features), TILES_AT_ONCE)
    return all(np.isfinite(features[start : start + TILES_AT_ONCE]).all() for start in starts)


def foreign_encoder(stated: StatedBag) -> str | None:
    """Return what another program calls the encoder: in the file or beside it, else by the name of folder or file.

    None where it does not say so, or not legibly.
    """
    try:
        named = stated.attributes.text("encoder", "extractor")
    except FeatureFileError:
        named = None
    return named or encoder_of_path(Path(stated.name))


def load_foreign(stated: StatedBag, given: GivenScale) -> FeatureBag:
    """Read a bag that another program wrote; its tiles lie where that program laid them, on our grid or not.

    What the file does not state is left open: no hash, no licence, the slide's size as far as its tiles extend.

    Raises
    ------
    FeatureFileError
        If neither the file nor the user says where its tiles lie on level 0, and how large they are.
    """
    features = read_features(stated)
    facts, tiles = foreign_places(stated, given)
    return FeatureBag(features, tiles, facts, _card(stated, features, tiles))


def foreign_places(stated: StatedBag, given: GivenScale) -> tuple[SlideFacts, TileGrid]:
    """Read what another program's file states of the slide, and where its tiles lie.

    Raises
    ------
    FeatureFileError
        As `load_foreign` raises it.
    """
    scale = given if given.slide_mpp else replace(given, slide_mpp=stated.attributes.length("level0_mpp", LARGEST_MPP))
    tiles = place_foreign(stated, scale)
    if not len(tiles):
        raise FeatureFileError(f"{stated.name} holds no tile. Encode the slide again.")
    return _facts(stated, tiles, scale.slide_mpp, "user" if given.slide_mpp else "features"), tiles


def _facts(stated: StatedBag, tiles: TileGrid, mpp: float | None, origin: str) -> SlideFacts:
    attributes = stated.attributes
    right, bottom = (tiles.xy_px0.max(axis=0) + tiles.side_px0).tolist()
    size_px0 = (attributes.pixels("level0_width") or right, attributes.pixels("level0_height") or bottom)
    return SlideFacts(
        name=attributes.text("name") or PurePath(stated.name).stem,
        path="",
        size_px0=size_px0,
        mpp=mpp,
        mpp_origin="missing" if mpp is None else origin,
        origin_px0=(0, 0),
        extent_px0=size_px0,
        quick_hash=attributes.text("quick_hash") or "",
        reader=UNKNOWN,
    )


def _card(stated: StatedBag, features: NDArray[np.float32], tiles: TileGrid) -> EncoderCard:
    return EncoderCard(
        name=foreign_encoder(stated) or UNKNOWN,
        features=features.shape[1],
        side_px=tiles.side_px,
        mpp=None,
        licence=UNKNOWN,
        weights_sha256="",
        precision=UNKNOWN,
    )
