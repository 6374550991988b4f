"""What a device does with a batch of tiles: each step begins at once and is waited for only at the end."""

from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Held = TypeVar("Held")
"""What a device holds of a batch between two steps."""


class BatchDevice(Protocol[Held]):
    """A device with an encoder on it; used by one thread, but for `pixels`.

    The steps of a batch are upload, run, download, synchronise. All but the last may return before they are done: then
    the steps of the next batch can begin beside them. Steps that lack memory raise BatchTooLargeError at once.
    """

    @property
    def batch(self) -> int:
        """Tiles at once that suit it."""
        ...

    @property
    def in_flight(self) -> int:
        """Batches that are begun before the first of them is waited for; 1 where steps return when they are done."""
        ...

    def pixels(self, tiles: int, side_px: int) -> NDArray[np.uint8]:
        """Return memory (tiles, side, side, 3) from which it copies at its full speed; from any thread."""
        ...

    def upload(self, tiles: NDArray[np.uint8]) -> Held:
        """Begin to copy tiles (n, side, side, 3) to the device; they must not change until `synchronise`."""
        ...

    def run(self, tiles: Held) -> Held:
        """Begin to compute the features of uploaded tiles."""
        ...

    def download(self, features: Held) -> Held:
        """Begin to copy features back."""
        ...

    def synchronise(self, features: Held) -> NDArray[np.float32]:
        """Wait until features (n, P) have arrived, and return them."""
        ...
