"""Decoded tiles in bounded memory: the least recently used are dropped first."""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import TypeAlias
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]


class DecodedTiles:
    """Tiles by a key that says which they are, for any number of threads and slides.

    A tile that several threads want at once is decoded by the first of them; the others wait for it. Tiles of a source
    that has users (`keep_for`) are dropped with the last of these.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        """What the stored tiles take at most; a single larger tile is returned without being stored."""
        self._held_bytes = 0
        self._tiles: OrderedDict[Hashable, Pixels] = OrderedDict()
        self._pending: dict[Hashable, Future[Pixels]] = {}
        self._users: Counter[Hashable] = Counter()
        self._left: deque[Hashable] = deque()
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
            self._drop_unused()
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

    def keep_for(self, user: object, source: Hashable) -> None:
        """Keep the tiles of a source, whose keys are tuples that begin with it, as long as one of its users exists."""
        with self._lock:
            self._users[source] += 1
        finalize(user, self._leave, source).atexit = False

    def grow(self, max_bytes: int) -> None:
        """Let the stored tiles take so much, if they may not already."""
        with self._lock:
            self.max_bytes = max(self.max_bytes, max_bytes)

    def clear(self) -> None:
        """Drop all stored tiles; those being made now are stored when they are ready."""
        with self._lock:
            self._tiles.clear()
            self._held_bytes = 0

    def _leave(self, source: Hashable) -> None:
        """Note that a user is gone; called at any moment, even in the middle of what this thread does here."""
        self._left.append(source)
        if self._lock.acquire(blocking=False):  # else whoever comes next drops them
            try:
                self._drop_unused()
            finally:
                self._lock.release()

    def _drop_unused(self) -> None:
        while self._left:
            source = self._left.popleft()
            self._users[source] -= 1
            if self._users[source]:
                continue
            del self._users[source]
            for key in [key for key in self._tiles if isinstance(key, tuple) and key[0] == source]:
                self._held_bytes -= self._tiles.pop(key).nbytes

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
