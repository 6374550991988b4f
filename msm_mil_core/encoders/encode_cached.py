"""Features of a slide's tiles from the cache, or encoded and put there."""

from collections.abc import Generator
from pathlib import Path

from msm_mil_core.bags.bag import FeatureBag
from msm_mil_core.bags.bag_cache import cache_bag, load_cached_bag
from msm_mil_core.encoders.encode import EncodeOptions, encode_tiles
from msm_mil_core.encoders.registry import Encoder
from msm_mil_core.progress import Progress
from msm_mil_core.slides.slide import Slide
from msm_mil_core.slides.tiles import TileGrid


def encode_cached(
    slide: Slide, tiles: TileGrid, encoder: Encoder, options: EncodeOptions, cache: Path | None
) -> Generator[Progress, None, FeatureBag]:
    """Return the features of the tiles, from the folder `cache` if they are there; None caches nothing.

    Raises
    ------
    MsmMilError
        As `encode_tiles` does; a cache that cannot be read or written is no error.
    """
    bag = None if cache is None else load_cached_bag(cache, slide.facts, tiles, encoder.card)
    if bag is None:
        bag = yield from encode_tiles(slide, tiles, encoder, options)
        if cache is not None:
            cache_bag(bag, cache)
    return bag
