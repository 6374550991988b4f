"""The step between tiles: told to a user and held against what a file states, but never taken for a side."""

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.tile_size import TileSize

_FEW = 4
"""Pairs of neighbours that are too few to speak of a step."""


def common_step(xy_px0: NDArray[np.int64]) -> int | None:
    """Return the step that most neighbours in a row or column have; None where tiles lie on no such grid.

    Pieces of tissue may each have a grid of their own, so tiles of different rows and columns are not compared.

    Parameters
    ----------
    xy_px0
        Top-left corners (N, 2).
    """
    steps = np.concatenate([_steps(xy_px0), _steps(xy_px0[:, ::-1])])
    values, counts = np.unique(steps, return_counts=True)
    if len(steps) < _FEW or 2 * counts.max() <= len(steps):
        return None
    return int(values[counts.argmax()])


def contradiction(size: TileSize, overlap_px: float | None, xy_px0: NDArray[np.int64]) -> str:
    """Say how the step between tiles contradicts their stated side and overlap; empty if it does not.

    Every second or third tile may be there only, so a multiple of the stated step is no contradiction. Where no
    overlap is stated, a step shorter than the side is.
    """
    step = common_step(xy_px0)
    if step is None or size.side_px is None or size.side_px0 is None:
        return ""
    stated = size.side_px0 * (1 - (overlap_px or 0) / size.side_px)
    times = max(1, round(step / stated)) if stated > 0 else 1
    if abs(step - times * stated) <= times or (overlap_px is None and step > stated):  # rounded to whole pixels
        return ""
    return f"its tiles lie {step} level-0 pixels apart, but their stated side and overlap make that {stated:g}"


def _steps(xy_px0: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the steps along x between neighbours of the same y."""
    x, y = xy_px0[np.lexsort(xy_px0.T)].T
    steps: NDArray[np.int64] = np.diff(x)[np.diff(y) == 0]
    return steps[steps > 0]
