"""Features of a slide's tiles from the cache, or encoded and put there, also as far as an ended run came."""

from collections.abc import Generator
from pathlib import Path

import numpy as np

from msm_mil_core.bags.bag import FeatureBag
from msm_mil_core.bags.bag_cache import cache_bag, cache_begun, load_begun, load_cached_bag
from msm_mil_core.encoders.encode import EncodeOptions, batch_of, encode_tiles
from msm_mil_core.encoders.encoder_on_demand import EncoderOnDemand
from msm_mil_core.encoders.registry import Encoder
from msm_mil_core.progress import Progress
from msm_mil_core.slides.slide import Slide
from msm_mil_core.slides.tiles import TileGrid


def encode_cached(
    slide: Slide, tiles: TileGrid, encoder: EncoderOnDemand, options: EncodeOptions, cache: Path | None
) -> Generator[Progress, None, FeatureBag]:
    """Return the features of the tiles, from the folder `cache` if they are there; None caches nothing.

    The encoder is loaded only where a tile has to be encoded.

    Where it is dropped or fails, the tiles encoded so far are cached too, and the next call continues after them: in
    whole batches, so that the features are those of a run that was never ended.

    Raises
    ------
    MsmMilError
        As `encode_tiles` does; a cache that cannot be read or written is no error.
    """
    if cache is None:
        return (yield from encode_tiles(slide, tiles, encoder.load(), options))
    bag = load_cached_bag(cache, slide.facts, tiles, encoder.card)
    if bag is None:
        bag = yield from _continue(slide, tiles, encoder.load(), options, cache)
        cache_bag(bag, cache)
    return bag


def _continue(
    slide: Slide, tiles: TileGrid, encoder: Encoder, options: EncodeOptions, cache: Path
) -> Generator[Progress, None, FeatureBag]:
    """Encode the tiles that no ended run has encoded."""
    begun = load_begun(cache, slide.facts, tiles, encoder.card)
    start = done = len(begun) - len(begun) % batch_of(options, encoder)
    bag = FeatureBag(np.empty((len(tiles), encoder.card.features), np.float32), tiles, slide.facts, encoder.card)
    bag.features[:start] = begun[:start]
    steps = encode_tiles(slide, tiles, encoder, options, bag.features, start)
    try:
        for now in steps:
            done = now.done
            yield now
    finally:
        steps.close()
        if len(begun) < done < len(tiles):
            cache_begun(bag, done, cache)
    return bag
