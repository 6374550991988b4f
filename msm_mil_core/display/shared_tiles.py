"""Tiles that several stages have found: parted among them, for colours that lie over each other cannot be read."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

STRIPES = 12
"""How many values a tile is parted into: two, three, four or six stages get equal shares."""


def part_shared(tops: Mapping[int, NDArray[np.bool_]], tiles: int) -> NDArray[np.float32]:
    """Part each tile that several stages have among their top tiles into one stripe for each of them.

    Parameters
    ----------
    tops
        For each stage that is shown, counted from 0, its top tiles (N,).
    tiles
        N.

    Returns
    -------
    (N, `STRIPES`): the stage, counted from 1, from left to right; NaN for tiles of fewer than two stages.
    """
    parted = np.full((tiles, STRIPES), np.nan, np.float32)
    if len(tops) < 2:
        return parted
    stages, found = np.array(list(tops)), np.stack(list(tops.values()), axis=1)  # (S,), (N, S)
    shared = found.sum(axis=1) > 1
    found = found[shared]
    turn = np.arange(STRIPES) * found.sum(axis=1, keepdims=True) // STRIPES  # whose turn it is among those who found it
    order = np.argsort(~found, axis=1, kind="stable")  # those who found it first
    parted[shared] = stages[np.take_along_axis(order, turn, axis=1)] + 1
    return parted
