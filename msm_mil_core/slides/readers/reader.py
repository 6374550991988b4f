"""What reads the pixels of a slide, whichever way."""

from typing import Protocol

from msm_mil_core.slides.decoded_tiles import Pixels


class ReadError(Exception):
    """A region cannot be read; the message says why, as far as the decoder does."""


class Reader(Protocol):
    """Reads regions of the levels of one open slide, from any number of threads."""

    @property
    def name(self) -> str:
        """What the result records, such as "openslide" or "direct-scaled"."""

    @property
    def keeps_tiles(self) -> bool:
        """Whether decoded tiles are kept, so that reading a region again is cheap."""

    @property
    def reductions(self) -> tuple[int, ...]:
        """By how many times a level can be read coarser than it is: (1,), or (1, 2, 4) where decoding reduces."""

    def read(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int], reduction: int = 1) -> Pixels:
        """Read `size_px` (width, height) pixels as (height, width, 3), the slide's background outside of it.

        Corner and size are in pixels of the level, reduced: pixel (x, y) covers `reduction` pixels of the level each
        way from (reduction * x, reduction * y) on.

        Raises
        ------
        ReadError
            If the file is damaged.
        """


class Reference(Reader, Protocol):
    """A reader with whose pixels those of tiles decoded directly are compared."""

    @property
    def background_rgb(self) -> tuple[int, int, int]:
        """Colour of transparent areas."""

    @property
    def downsamples(self) -> tuple[float, ...]:
        """By which factor per level it converts positions; where that gives fractions, it blends."""
