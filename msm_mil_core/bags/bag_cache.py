"""The cache of encoded slides: features are reused where slide, tiles and encoder are exactly the same."""

import hashlib
import json
import logging
from pathlib import Path

from msm_mil_core.bags.bag import EncoderCard, FeatureBag
from msm_mil_core.bags.bag_file import SCHEMA, open_bag_file, own_bag, save_bag
from msm_mil_core.errors import FeatureFileError, OutputError
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiles import TileGrid

logger = logging.getLogger(__name__)


def cached_bag_path(folder: Path, facts: SlideFacts, tiles: TileGrid, card: EncoderCard) -> Path:
    """Return the file in the cache `folder` for the features of these tiles by this encoder; it need not exist."""
    return folder / f"{facts.quick_hash[:12]}-{_key(facts, tiles, card)[:20]}.h5"


def load_cached_bag(folder: Path, facts: SlideFacts, tiles: TileGrid, card: EncoderCard) -> FeatureBag | None:
    """Read a bag from the cache if it is whole and exactly of this slide, these tiles and this encoder; else None."""
    path = cached_bag_path(folder, facts, tiles, card)
    if not path.is_file():
        return None
    try:
        with open_bag_file(path) as (file, ours):
            cached = own_bag(file) if ours else None
    except FeatureFileError as exc:
        logger.warning("Encoding again, since the cached features cannot be used: %s", exc)
        return None
    if cached is None or _key(cached.slide, cached.tiles, cached.encoder) != _key(facts, tiles, card):
        logger.warning("Encoding again, since the features in %s are of another slide, tiling or encoder", path)
        return None
    return FeatureBag(cached.features, tiles, facts, card)


def cache_bag(bag: FeatureBag, folder: Path) -> None:
    """Write a bag into the cache; where that fails, warn: the next run encodes the slide again."""
    try:
        save_bag(bag, cached_bag_path(folder, bag.slide, bag.tiles, bag.encoder))
    except OutputError as exc:
        logger.warning("The features of %s are not cached: %s", bag.slide.name, exc)


def _key(facts: SlideFacts, tiles: TileGrid, card: EncoderCard) -> str:
    """Return a hash of everything on which the features depend."""
    what = [
        SCHEMA,
        [facts.quick_hash, facts.size_px0],
        [hashlib.sha256(tiles.xy_px0.tobytes()).hexdigest(), tiles.side_px0, tiles.side_px],
        [card.name, card.weights_sha256, card.features, card.precision],
    ]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()
