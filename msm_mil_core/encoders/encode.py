"""Encoding: the tiles of a slide, read ahead in threads, become a bag of features."""

import os
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.bag import FeatureBag
from msm_mil_core.encoders.batch_reader import BatchReader
from msm_mil_core.encoders.devices.kept_memory import freed_memory_kept
from msm_mil_core.encoders.encode_batches import encode_batches
from msm_mil_core.encoders.encode_options import EncodeOptions
from msm_mil_core.encoders.registry import Encoder
from msm_mil_core.encoders.tile_task import TileTask
from msm_mil_core.progress import Progress
from msm_mil_core.slides.slide import Slide
from msm_mil_core.slides.tiling.tiles import TileGrid

STEP = "Encoding tiles"
MOST_READERS = 8
"""Threads for a device beyond this only wait for each other at openslide's cache."""


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
    task = TileTask(slide, tiles, features, done)
    yield progress_of(task)
    if done < len(tiles):
        with freed_memory_kept(), reading_threads(options) as threads:
            reader = BatchReader(_One(task), batch_of(options, encoder), threads, encoder.device.pixels)
            for advance in encode_batches(reader, encoder):
                if advance.error:
                    raise advance.error
                yield progress_of(task)
    return task.bag(encoder.card)


def batch_of(options: EncodeOptions, encoder: Encoder) -> int:
    """Return how many tiles are encoded at once: as chosen, or what suits the device."""
    return options.batch or encoder.device.batch


def progress_of(task: TileTask) -> Progress:
    """Say how far a task has come."""
    return Progress(STEP, task.done, len(task.tiles), "tiles")


@contextmanager
def reading_threads(options: EncodeOptions, devices: int = 1) -> Iterator[ThreadPoolExecutor]:
    """Make the threads that read tiles for so many devices; none outlives the `with`."""
    count = options.threads or min(MOST_READERS * devices, max(1, (os.cpu_count() or 1) - 1))
    threads = ThreadPoolExecutor(count, thread_name_prefix="read-tiles")
    try:
        yield threads
    finally:
        threads.shutdown(wait=True, cancel_futures=True)


class _One:
    """A single task; `Tasks`."""

    def __init__(self, task: TileTask) -> None:
        self._task: TileTask | None = task

    def take(self, *, wait: bool) -> TileTask | None:  # noqa: ARG002  it is always ready
        """Return it once."""
        task, self._task = self._task, None
        return task
