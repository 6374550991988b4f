"""How far two sets of tiles lie apart: the earth mover's distance, of cells of tiles where there are many."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, prod, sqrt

import numpy as np
from numpy.typing import NDArray

MOST_CELLS = 300
"""Larger sets of tiles are gathered in cells before their distance is computed: the work grows with the cube."""
MOST_PIVOTS = 10_000_000
"""Steps of the network simplex; far more than sets of `MOST_CELLS` need."""

Floats = NDArray[np.float64]
Points = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SetDistance:
    """How far two sets of tiles lie apart."""

    distance_px0: float
    """How far, on average, the tiles of one must be moved to lie where those of the other do; NaN for an empty set."""
    grain_px0: int
    """Side of the cells in which tiles were gathered."""


def measure_distance(one_px0: Points, other_px0: Points, side_px0: int) -> SetDistance:
    """Return the earth mover's distance (Rubner et al. 2000) of two sets, all tiles of a set weighing the same.

    Sets in more than `MOST_CELLS` places are gathered in square cells of as few tiles as bring both below it, each cell
    standing at the mean of the tiles that both have there. What both have in a cell need not be moved and is left
    out: by the triangle inequality that changes nothing, and few cells remain of sets that lie among each other. On
    average a tile lies no further from its cell's mean than half the cell's diagonal, so the distance is right to
    within the square root of 2 times the cell's side less a tile's.

    Parameters
    ----------
    one_px0, other_px0
        (n, 2) and (m, 2), the corners of the tiles.
    side_px0
        Side of a tile.
    """
    grain_px0 = _grain_px0(one_px0, other_px0, side_px0)
    if not len(one_px0) or not len(other_px0):
        return SetDistance(np.nan, grain_px0)
    places_px0, surplus = _surplus(one_px0, other_px0, grain_px0)
    return SetDistance(_moved_px0(places_px0, surplus) / (len(one_px0) * len(other_px0)), grain_px0)


def _grain_px0(one_px0: Points, other_px0: Points, side_px0: int) -> int:
    """Return the side of the smallest cells, whole tiles wide, so that no set lies in more than `MOST_CELLS`."""

    def few_cells(tiles_per_side: int) -> bool:
        grain_px0 = tiles_per_side * side_px0
        return all(np.count_nonzero(np.bincount(_cells(each, grain_px0))) <= MOST_CELLS for each in sets)

    sets = (one_px0, other_px0)
    least = max(1, ceil(sqrt(max(map(len, sets)) / MOST_CELLS)))
    most = max(least, _most_tiles([*_spans(np.concatenate(sets) // side_px0)]))
    return side_px0 * (least + bisect_left(range(least, most), True, key=few_cells))


def _most_tiles(spans: list[tuple[int, int]]) -> int:
    """Return the side, in tiles, of cells so large that no set in these columns and rows can be in too many."""

    def few_cells(tiles_per_side: int) -> bool:
        return prod(last // tiles_per_side - first // tiles_per_side + 1 for first, last in spans) <= MOST_CELLS

    return 1 + bisect_left(range(1, max(last for _, last in spans) + 1), True, key=few_cells)


def _spans(places: Points) -> Iterator[tuple[int, int]]:
    return ((int(along.min(initial=0)), int(along.max(initial=0))) for along in places.T)


def _surplus(one_px0: Points, other_px0: Points, grain_px0: int) -> tuple[Floats, Points]:
    """Return the places (cells, 2) of cells where one set has more, and by how much (cells,); negative: the other has.

    A tile weighs as much as the other set has tiles, so that both sets weigh the same, in whole numbers.
    """
    xy_px0 = np.concatenate([one_px0, other_px0])
    cell = _cells(xy_px0, grain_px0)
    ones, alls = np.bincount(cell[: len(one_px0)], minlength=cell.max() + 1), np.bincount(cell)
    surplus = ones * len(other_px0) - (alls - ones) * len(one_px0)
    uneven = np.flatnonzero(surplus)
    sums_px0 = np.stack([np.bincount(cell, weights=along)[uneven] for along in xy_px0.T], axis=1)
    return sums_px0 / alls[uneven, None], surplus[uneven]


def _moved_px0(places_px0: Floats, surplus: Points) -> float:
    """Return the least sum of weights times ways that brings every surplus to where it lacks."""
    if not len(surplus):
        return 0.0
    import ot  # takes two seconds, and brings torch along where that is installed
    from scipy.spatial.distance import cdist

    more, less = surplus > 0, surplus < 0
    moved = surplus[more].sum()
    ways_px0 = cdist(places_px0[more], places_px0[less])
    shares = (surplus[more] / moved, -surplus[less] / moved)
    return float(moved * ot.emd2(*shares, ways_px0, numItermax=MOST_PIVOTS, center_dual=False))


def _cells(xy_px0: Points, grain_px0: int) -> Points:
    """Return a number for the cell that each tile lies in, cells being laid from the slide's corner."""
    col, row = (xy_px0 // grain_px0).T
    numbers: Points = row * (col.max(initial=0) + 1) + col
    return numbers
