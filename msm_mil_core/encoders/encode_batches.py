"""Batches on a device: the next ones are copied and computed while the features of the first are awaited."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.encoders.batch_reader import BatchReader, TileBatch
from msm_mil_core.encoders.registry import Encoder
from msm_mil_core.encoders.tile_task import TileTask
from msm_mil_core.errors import BatchTooLargeError

STILL_AT_WORK = 1
"""With more batches than this on the device, waiting for the first of them leaves it at work; else tiles come first."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Advance:
    """A step of a task: more of its tiles are encoded, or it has failed."""

    task: TileTask
    error: Exception | None = None
    """Why no further step of it follows."""


def encode_batches(reader: BatchReader, encoder: Encoder) -> Iterator[Advance]:
    """Encode the batches of a reader, in their order; a task that fails ends, and the others go on.

    The device is never waited for while it has room and a batch is ready, also where one slide ends and another begins.
    """
    flight = _Flight(reader, encoder)
    while True:
        batch = reader.take(wait_for_slide=not flight, wait_for_tiles=len(flight) <= STILL_AT_WORK)
        if batch is None and not flight:
            return
        if batch is not None:
            flight.begin(batch)
        if flight and (batch is None or len(flight) >= encoder.device.in_flight):
            flight.land()
        yield from flight.landed()


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Tiles of a batch that are on the device: all of them, or as many as its memory holds."""

    batch: TileBatch
    stop: int
    """Tiles of the batch up to the end of this part."""
    features: Callable[[], NDArray[np.float32]]
    """Waits for them."""


class _Flight:
    """The parts that are on the device, in their order."""

    def __init__(self, reader: BatchReader, encoder: Encoder) -> None:
        self._reader, self._encoder = reader, encoder
        self._at_once = reader.batch
        self._parts: deque[_Part] = deque()
        self._landed: list[Advance] = []

    def __len__(self) -> int:
        return len(self._parts)

    def begin(self, batch: TileBatch) -> None:
        """Begin to encode a batch, in as many parts as the device's memory asks for."""
        try:
            self._begin(batch, batch.wait())
        except Exception as exc:  # the border between one slide and the others
            logger.debug("%s cannot be encoded", batch.task.slide.facts.name, exc_info=True)
            self._fail(batch.task, exc)

    def land(self) -> None:
        """Wait for the first part, and put its features where they belong."""
        part = self._parts.popleft()
        task, rows = part.batch.task, part.batch.rows
        try:
            features = part.features()
        except Exception as exc:  # as above
            logger.debug("%s cannot be encoded", task.slide.facts.name, exc_info=True)
            self._fail(task, exc)
            return
        stop = rows.start + part.stop
        task.features[stop - len(features) : stop] = features
        if stop == rows.stop:
            self._finish(part.batch)

    def landed(self) -> Iterator[Advance]:
        """Give what has happened since the last call."""
        while self._landed:
            yield self._landed.pop(0)

    def _begin(self, batch: TileBatch, pixels: NDArray[np.uint8]) -> None:
        if not len(batch):
            self._finish(batch)
        stop = 0
        while stop < len(batch) and not batch.task.dropped:
            part = pixels[stop : stop + self._at_once]
            try:
                features = self._encoder.begin(part)
            except BatchTooLargeError:
                if len(part) == 1 and not self._parts:
                    raise
                self._at_once = max(1, len(part) // 2)
                logger.warning(
                    "%s runs out of memory: continuing with %d tiles at once", self._encoder.card.name, self._at_once
                )
            else:
                stop += len(part)
                self._parts.append(_Part(batch, stop, features))
                continue
            while self._parts:  # what they hold is needed
                self.land()

    def _finish(self, batch: TileBatch) -> None:
        self._reader.release(batch)
        task = batch.task
        if not task.dropped:
            task.done = batch.rows.stop
            self._landed.append(Advance(task))

    def _fail(self, task: TileTask, error: Exception) -> None:
        if not task.dropped:
            task.dropped = True
            self._landed.append(Advance(task, error))
