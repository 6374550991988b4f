"""Decoded tiles in bounded memory: the least recently used are dropped first."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]


class DecodedTiles:
    """Tiles by a key that says which they are, for any number of threads and slides.

    A tile that several threads want at once is decoded by the first of them; the others wait for it.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        """What the stored tiles take at most; a single larger tile is returned without being stored."""
        self._held_bytes = 0
        self._tiles: OrderedDict[Hashable, Pixels] = OrderedDict()
        self._pending: dict[Hashable, Future[Pixels]] = {}
        self._lock = Lock()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._tiles

    def __len__(self) -> int:
        return len(self._tiles)

    @property
    def held_bytes(self) -> int:
        """What the stored tiles take now."""
        return self._held_bytes

    def get(self, key: Hashable, make: Callable[[], Pixels]) -> Pixels:
        """Return the stored tile, or make and store it, read-only; what `make` raises is raised in all that wait."""
        with self._lock:
            tile = self._tiles.get(key)
            if tile is not None:
                self._tiles.move_to_end(key)
                return tile
            pending = self._pending.get(key)
            if pending is None:
                mine = self._pending[key] = Future()
        if pending is not None:
            return pending.result()
        return self._make(key, make, mine)

    def clear(self) -> None:
        """Drop all stored tiles; those being made now are stored when they are ready."""
        with self._lock:
            self._tiles.clear()
            self._held_bytes = 0

    def _make(self, key: Hashable, make: Callable[[], Pixels], promise: Future[Pixels]) -> Pixels:
        try:
            tile = make()
        except BaseException as exc:
            with self._lock:
                del self._pending[key]
            promise.set_exception(exc)
            raise
        tile.flags.writeable = False
        with self._lock:
            del self._pending[key]
            self._store(key, tile)
        promise.set_result(tile)
        return tile

    def _store(self, key: Hashable, tile: Pixels) -> None:
        if tile.nbytes > self.max_bytes:
            return
        self._tiles[key] = tile
        self._held_bytes += tile.nbytes
        while self._held_bytes > self.max_bytes:
            _, dropped = self._tiles.popitem(last=False)
            self._held_bytes -= dropped.nbytes
