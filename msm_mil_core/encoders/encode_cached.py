"""Features of a slide's tiles from the cache, or encoded and put there, also as far as an ended run came."""

from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np

from msm_mil_core.bags.bag import EncoderCard, FeatureBag
from msm_mil_core.bags.bag_cache import cache_bag, cache_begun, load_begun, load_cached_bag
from msm_mil_core.encoders.encode import batch_of, encode_tiles
from msm_mil_core.encoders.encode_options import EncodeOptions
from msm_mil_core.encoders.encoder_on_demand import EncoderOnDemand
from msm_mil_core.encoders.registry import Encoder
from msm_mil_core.encoders.tile_task import TileTask
from msm_mil_core.progress import Progress
from msm_mil_core.slides.slide import Slide
from msm_mil_core.slides.tiling.tiles import TileGrid


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


def task_from_cache(
    slide: Slide, tiles: TileGrid, card: EncoderCard, batch: Callable[[], int], cache: Path | None
) -> TileTask:
    """Return the task of encoding a slide; what the cache holds of it is done.

    Of a run that was ended whole batches are taken, so that the features are those of a run that was never ended;
    `batch` is asked for their size only then, as the encoder may have to be loaded for it.
    """
    if cache is not None and (cached := load_cached_bag(cache, slide.facts, tiles, card)):
        return TileTask(slide, tiles, cached.features, len(tiles))
    features = np.empty((len(tiles), card.features), np.float32)
    begun = features[:0] if cache is None else load_begun(cache, slide.facts, tiles, card)
    done = len(begun) - len(begun) % batch() if len(begun) else 0
    features[:done] = begun[:done]
    return TileTask(slide, tiles, features, done)


def _continue(
    slide: Slide, tiles: TileGrid, encoder: Encoder, options: EncodeOptions, cache: Path
) -> Generator[Progress, None, FeatureBag]:
    """Encode the tiles that no ended run has encoded."""
    task = task_from_cache(slide, tiles, encoder.card, lambda: batch_of(options, encoder), cache)
    begun = task.done
    steps = encode_tiles(slide, tiles, encoder, options, task.features, begun)
    try:
        for now in steps:
            task.done = now.done
            yield now
    finally:
        steps.close()
        if begun < task.done < len(tiles):
            cache_begun(task.bag(encoder.card), task.done, cache)
    return task.bag(encoder.card)
