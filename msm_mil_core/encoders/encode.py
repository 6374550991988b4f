"""Encoding: the tiles of a slide, read ahead in threads, become a bag of features."""

import logging
import os
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from msm_mil_core.bags.bag import FeatureBag
from msm_mil_core.encoders.registry import Encoder
from msm_mil_core.errors import BatchTooLargeError
from msm_mil_core.options import Options
from msm_mil_core.precision import Precision
from msm_mil_core.progress import Progress
from msm_mil_core.slides.slide import Slide
from msm_mil_core.slides.tile_reader import read_tile
from msm_mil_core.slides.tiles import TileGrid

STEP = "Encoding tiles"
BATCHES_AHEAD = 2
"""Batches of tiles that are read, or being read, while one is encoded: what bounds the memory."""
MOST_READERS = 8
"""Threads beyond this only wait for each other at openslide's cache."""

logger = logging.getLogger(__name__)


class EncodeOptions(Options):
    """How tiles become features."""

    device: str = "auto"
    """What computes: auto (CUDA, then MPS, then the CPU), cpu, cuda, cuda:1 or mps."""
    precision: Precision = "auto"
    """Numeric precision: auto is half precision where that is faster on the device."""
    batch: int = Field(default=16, ge=1, le=1024)
    """Tiles encoded at once; halved automatically where memory runs out."""
    threads: int | None = Field(default=None, ge=1, le=64)
    """Threads that read tiles ahead; by default one fewer than there are cores."""


def encode_tiles(
    slide: Slide,
    tiles: TileGrid,
    encoder: Encoder,
    options: EncodeOptions,
    features: NDArray[np.float32] | None = None,
    done: int = 0,
) -> Generator[Progress, None, FeatureBag]:
    """Encode the tiles of a slide, in their order; may be dropped between two yields, then reading stops too.

    Parameters
    ----------
    features
        (N, P), filled as the tiles are encoded; None makes an array.
    done
        How many tiles it holds already: the first that are left as they are.

    Raises
    ------
    SlideError
        If a tile cannot be read.
    DeviceError
        If the device fails, or has too little memory even for a single tile.
    EncoderError
        If the encoder cannot take tiles of this side.
    """
    features = np.empty((len(tiles), encoder.card.features), np.float32) if features is None else features
    at_once = options.batch
    yield Progress(STEP, done, len(tiles), "tiles")
    with closing(_read_ahead(slide, tiles.part(slice(done, None)), options)) as pixels:
        while batch := list(islice(pixels, options.batch)):
            at_once = _encode_into(features[done : done + len(batch)], np.stack(batch), encoder, at_once)
            done += len(batch)
            yield Progress(STEP, done, len(tiles), "tiles")
    return FeatureBag(features, tiles, slide.facts, encoder.card)


def _read_ahead(slide: Slide, tiles: TileGrid, options: EncodeOptions) -> Generator[NDArray[np.uint8], None, None]:
    """Give the pixels of the tiles in their order, some batches ahead; no thread outlives this generator."""
    plan = slide.plan_read(tiles.side_px0, tiles.side_px)
    ahead: deque[Future[NDArray[np.uint8]]] = deque()
    readers = ThreadPoolExecutor(options.threads or _readers(), thread_name_prefix="read-tiles")
    try:
        for x, y in tiles.xy_px0.tolist():
            ahead.append(readers.submit(read_tile, slide, plan, (x, y)))
            if len(ahead) > BATCHES_AHEAD * options.batch:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        readers.shutdown(wait=True, cancel_futures=True)


def _readers() -> int:
    return min(MOST_READERS, max(1, (os.cpu_count() or 1) - 1))


def _encode_into(features: NDArray[np.float32], batch: NDArray[np.uint8], encoder: Encoder, at_once: int) -> int:
    """Fill the features of a batch, `at_once` tiles at a time; return how many of them the device's memory held."""
    start = 0
    while start < len(batch):
        part = slice(start, start + at_once)
        try:
            features[part] = encoder.encode(batch[part])
        except BatchTooLargeError:
            if at_once == 1:
                raise
            at_once = max(1, min(at_once, len(batch) - start) // 2)
            logger.warning("%s runs out of memory: continuing with %d tiles at once", encoder.card.name, at_once)
        else:
            start += at_once
    return at_once
