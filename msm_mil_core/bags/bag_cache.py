"""The cache of encoded slides: features are reused where slide, its reader, tiles and encoder are exactly the same.

The first tiles of a slide, as far as a run came that was ended, are cached as a bag of those tiles.
"""

import hashlib
import json
import logging
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.bag import EncoderCard, FeatureBag
from msm_mil_core.bags.bag_file import SCHEMA, open_bag_file, own_bag, save_bag
from msm_mil_core.errors import FeatureFileError, OutputError
from msm_mil_core.slides.formats.color_profile import AS_STORED
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiling.tile_reader import RESAMPLING
from msm_mil_core.slides.tiling.tiles import TileGrid

ANOTHER = "Encoding again, since the features in %s are of another slide, tiling or encoder"

logger = logging.getLogger(__name__)


def cached_bag_path(folder: Path, facts: SlideFacts, tiles: TileGrid, card: EncoderCard) -> Path:
    """Return the file in the cache `folder` for the features of these tiles by this encoder; it need not exist."""
    return folder / f"{facts.quick_hash[:12]}-{_key(facts, tiles, card)[:20]}.h5"


def load_cached_bag(folder: Path, facts: SlideFacts, tiles: TileGrid, card: EncoderCard) -> FeatureBag | None:
    """Read a bag from the cache if it is whole and exactly of this slide, these tiles and this encoder; else None."""
    path = cached_bag_path(folder, facts, tiles, card)
    cached = _read(path)
    if cached is None or not _is_of(cached, facts, tiles, card, path):
        return None
    return FeatureBag(cached.features, tiles, facts, card)


def load_begun(folder: Path, facts: SlideFacts, tiles: TileGrid, card: EncoderCard) -> NDArray[np.float32]:
    """Read the features (n, P) of the first n tiles, as many as an ended run has encoded; 0 if none are cached."""
    path = _begun_path(folder, facts, tiles, card)
    cached = _read(path)
    if cached is None or not _is_of(cached, facts, tiles.part(slice(len(cached))), card, path):
        return np.empty((0, card.features), np.float32)
    return cached.features


def cache_bag(bag: FeatureBag, folder: Path) -> None:
    """Write a bag into the cache, in place of its beginning; where that fails, warn: the next run encodes it again."""
    _write(bag, cached_bag_path(folder, bag.slide, bag.tiles, bag.encoder))
    with suppress(OSError):
        _begun_path(folder, bag.slide, bag.tiles, bag.encoder).unlink()


def cache_begun(bag: FeatureBag, done: int, folder: Path) -> None:
    """Write the first `done` tiles of a bag, the rest of which is still to be encoded; where that fails, warn."""
    first = FeatureBag(bag.features[:done], bag.tiles.part(slice(done)), bag.slide, bag.encoder)
    _write(first, _begun_path(folder, bag.slide, bag.tiles, bag.encoder))


def _begun_path(folder: Path, facts: SlideFacts, tiles: TileGrid, card: EncoderCard) -> Path:
    return cached_bag_path(folder, facts, tiles, card).with_suffix(".begun.h5")


def _read(path: Path) -> FeatureBag | None:
    if not path.is_file():
        return None
    try:
        with open_bag_file(path) as (file, ours):
            if ours:
                return own_bag(file)
    except FeatureFileError as exc:
        logger.warning("Encoding again, since the cached features cannot be used: %s", exc)
        return None
    logger.warning(ANOTHER, path)
    return None


def _is_of(cached: FeatureBag, facts: SlideFacts, tiles: TileGrid, card: EncoderCard, path: Path) -> bool:
    same = _key(cached.slide, cached.tiles, cached.encoder) == _key(facts, tiles, card)
    if not same:
        logger.warning(ANOTHER, path)
    return same


def _write(bag: FeatureBag, path: Path) -> None:
    try:
        save_bag(bag, path)
    except OutputError as exc:
        logger.warning("The features of %s are not cached: %s", bag.slide.name, exc)


def _key(facts: SlideFacts, tiles: TileGrid, card: EncoderCard) -> str:
    """Return a hash of everything on which the features depend."""
    what = [
        SCHEMA,
        [facts.quick_hash, facts.size_px0, facts.reader, *([facts.colors] if facts.colors != AS_STORED else [])],
        [hashlib.sha256(tiles.xy_px0.tobytes()).hexdigest(), tiles.side_px0, tiles.side_px, RESAMPLING],
        [card.name, card.weights_sha256, card.features, card.precision],
    ]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()
