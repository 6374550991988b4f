"""Regions as another reader gives them, in the colours of a screen."""

from collections.abc import Callable
from dataclasses import dataclass

from msm_mil_core.slides.decoded_tiles import Pixels
from msm_mil_core.slides.readers.reader import Reader


@dataclass(frozen=True, slots=True, eq=False)
class SrgbReader:
    """Converts what it reads, each time: whoever shows a slide keeps the tiles."""

    inner: Reader
    convert: Callable[[Pixels], Pixels]
    keeps_tiles: bool = False

    @property
    def name(self) -> str:
        """See `Reader`."""
        return self.inner.name

    @property
    def reductions(self) -> tuple[int, ...]:
        """See `Reader`."""
        return self.inner.reductions

    def read(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int], reduction: int = 1) -> Pixels:
        """See `Reader`."""
        return self.convert(self.inner.read(level, xy_px, size_px, reduction))
