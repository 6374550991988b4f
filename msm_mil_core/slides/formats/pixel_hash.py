"""A hash by which a slide is known again that is no single file: of some of its pixels."""

import hashlib
from collections.abc import Iterator
from itertools import product

from msm_mil_core.slides.decoded_tiles import Pixels
from msm_mil_core.slides.readers.levels_reader import LevelsReader

OVERVIEW_PX, SPOT_PX, SPOTS = 1024, 64, 3
"""Most pixels a side that are taken of the coarsest level; side and number a side of the spots taken of the finest."""


def hash_pixels(reader: LevelsReader) -> str:
    """Hash the sizes of all levels, the middle of the coarsest one, and some spots of the finest: quick on any size.

    Raises
    ------
    ReadError
        If one of these cannot be read.
    """
    digest = hashlib.sha256(repr([tuple(level.size_px) for level in reader.levels]).encode())
    for part in _parts(reader):
        digest.update(part.tobytes())
    return digest.hexdigest()


def _parts(reader: LevelsReader) -> Iterator[Pixels]:
    coarsest = len(reader.levels) - 1
    width, height = reader.levels[coarsest].size_px
    across, down = min(width, OVERVIEW_PX), min(height, OVERVIEW_PX)
    yield reader.read(coarsest, ((width - across) // 2, (height - down) // 2), (across, down))
    width, height = reader.levels[0].size_px
    for x, y in product(range(SPOTS), repeat=2):
        yield reader.read(0, (x * width // SPOTS, y * height // SPOTS), (SPOT_PX, SPOT_PX))
