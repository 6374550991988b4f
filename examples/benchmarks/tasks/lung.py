"""Mosaics of photographs of lung: which of two tumours are in them, and which photograph shows what, is known."""

from pathlib import Path

import numpy as np

from examples.benchmarks.tasks.encoded import Pictures, encoded
from examples.benchmarks.tasks.task import Numbers, Split, Task, Truth
from examples.lung_photographs import (
    KINDS,
    PER_SIDE,
    Mosaic,
    draw_mosaics,
    parts_of,
    read_photographs,
    tiles_of,
    without_likenesses,
)

SIZES = (180, 60, 120)
"""Bags to learn from, to choose the epoch, to judge."""
EVIDENCE = ((), (1,), (2,), (1, 2))
"""Of each class of a mosaic, the kinds of photographs that make it."""
COMPONENTS = 128


def read_lung(data: Path, work: Path, repeat: int) -> Task:
    """Draw mosaics; photographs are parted first, and each repeat parts and draws anew."""
    photographs = read_photographs(data / "tiles" / "lung")
    kinds = np.array([one.kind for one in photographs])
    tiles = Pictures("lung", [tiles_of(one.pixels) for one in photographs])
    features, colours = encoded(tiles, work), tiles.colours()
    parts = without_likenesses(parts_of(photographs, seed=repeat), np.stack([each.mean(0) for each in features]))
    rng = np.random.default_rng(repeat)
    members = [np.flatnonzero(parts == part) for part in range(len(SIZES))]
    mosaics = [one for each, size in zip(members, SIZES, strict=True) for one in _drawn(each, kinds, size, rng)]
    return Task(
        name="lung-mosaics",
        bags=tuple(np.concatenate([features[index] for index in one.photographs]) for one in mosaics),
        labels=np.array([one.label for one in mosaics]),
        groups=tuple(f"bag {index} of repeat {repeat}" for index in range(len(mosaics))),
        folds=(Split(*np.split(np.arange(len(mosaics)), np.cumsum(SIZES)[:-1])),),
        truth=Truth(tuple(np.repeat(kinds[one.photographs], PER_SIDE**2) for one in mosaics), KINDS, EVIDENCE),
        colours=np.stack([colours[one.photographs].mean(0) for one in mosaics]),
        components=COMPONENTS,
    )


def _drawn(members: Numbers, kinds: Numbers, count: int, rng: np.random.Generator) -> list[Mosaic]:
    """Draw mosaics of these photographs alone."""
    drawn = draw_mosaics(kinds[members], count, rng)
    return [Mosaic(members[one.photographs], one.label) for one in drawn]
