"""Decoded tiles in bounded memory: the least recently used one is dropped first."""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Key: TypeAlias = tuple[int, int, int]
"""Level, row and column of a tile."""
Pixels: TypeAlias = NDArray[np.uint8]


class TileCache:
    """Tiles by their place in the pyramid, for any number of threads; a tile that two of them want is decoded once."""

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._held_bytes = 0
        self._tiles: OrderedDict[Key, Pixels] = OrderedDict()
        self._pending: dict[Key, Future[Pixels]] = {}
        self._lock = Lock()

    def __contains__(self, key: Key) -> bool:
        return key in self._tiles

    def get(self, key: Key, decode: Callable[[], Pixels]) -> Pixels:
        """Return the stored tile, or decode and store it; what `decode` raises is raised in every thread that waits."""
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
        return self._decode(key, decode, mine)

    def _decode(self, key: Key, decode: Callable[[], Pixels], promise: Future[Pixels]) -> Pixels:
        try:
            tile = decode()
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

    def _store(self, key: Key, tile: Pixels) -> None:
        self._tiles[key] = tile
        self._held_bytes += tile.nbytes
        while self._held_bytes > self._capacity_bytes and len(self._tiles) > 1:
            _, dropped = self._tiles.popitem(last=False)
            self._held_bytes -= dropped.nbytes
