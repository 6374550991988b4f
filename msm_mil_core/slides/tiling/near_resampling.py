"""Resampling by a few per cent: what is left where a level has almost the resolution of the tiles.

It is Pillow's bilinear filter (a triangle, as wide as a pixel of the coarser side) with weights in steps of 1/256, in
arithmetic of whole numbers that numpy does many at a time. Along an axis a pixel of the tile lies a fixed number of
pixels after its first source pixel, until that shift changes by one; between such changes sources and tile are slices.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]

SHIFTS_AT_MOST = 16
"""By how many pixels a tile's side may differ from its source's: beyond that Pillow takes less time."""
REDUCTION_AT_MOST = 1.25
"""A pixel of the tile then has three source pixels: rounding their weights changes it by less than a grey level."""
ONE = 256
"""What the weights of a pixel add up to: the largest sum for which products with 8 bits stay within 16."""
_CHANNELS = 3


def is_near(source_px: float, side_px: int) -> bool:
    """Return whether a side of `source_px` pixels becomes one of `side_px` here, and not by Pillow."""
    return abs(source_px - side_px) <= SHIFTS_AT_MOST and source_px <= REDUCTION_AT_MOST * side_px


def resample_near(pixels: Pixels, box_px: Box, side_px: int) -> Pixels:
    """Resample the box (left, top, right, bottom) of (height, width, 3) pixels to (side_px, side_px, 3).

    No value is further than 2 from Pillow's, and hardly any further than 1: along each axis rounding of the weights
    makes less than 1, and one axis is rounded before the other. It is the same on every machine.
    """
    left, top, right, bottom = box_px
    height, width = pixels.shape[:2]
    rows = pixels.reshape(height, width * _CHANNELS)
    rows = _resampled(rows, _across(width, side_px, left, right))
    rows = _resampled(rows, _down(height, side_px, top, bottom))
    return rows.reshape(side_px, side_px, _CHANNELS)


@dataclass(frozen=True, slots=True, eq=False)
class _Axis:
    """How the pixels along one axis become those of a tile.

    Sources are copied run by run, one after the other, each with the pixels beyond its end that its last ones need; so
    all runs are weighted at once, and what lies between them is dropped.
    """

    copies: tuple[tuple[tuple[slice, ...], tuple[slice, ...]], ...]
    """From which source pixels, to which of the copies."""
    results: tuple[tuple[tuple[slice, ...], tuple[slice, ...]], ...]
    """From which weighted copies, to which pixels of the tile."""
    weights: tuple[NDArray[np.uint16], ...]
    """Of the pixel itself and of those after it."""
    taps: tuple[tuple[slice, ...], ...]
    """Which copies have which weights."""
    copied: int
    side: int
    dimension: int


def _resampled(rows: Pixels, axis: _Axis) -> Pixels:
    copies = np.empty(_with_side(rows, axis.dimension, axis.copied), np.uint8)
    for source, into in axis.copies:
        copies[into] = rows[source]
    sums = np.multiply(copies[axis.taps[0]], axis.weights[0])
    for tap, weights in zip(axis.taps[1:], axis.weights[1:], strict=True):
        sums += np.multiply(copies[tap], weights)
    sums += np.uint16(ONE // 2)
    sums >>= 8
    tile = np.empty(_with_side(rows, axis.dimension, axis.side), np.uint8)
    for source, into in axis.results:
        tile[into] = sums[source]
    return tile


def _with_side(rows: Pixels, dimension: int, side: int) -> tuple[int, int]:
    height, width = rows.shape
    return (side, width) if dimension == 0 else (height, side)


@lru_cache(maxsize=1024)
def _across(length_px: int, side_px: int, start_px: float, stop_px: float) -> _Axis:
    return _axis(length_px, side_px, (start_px, stop_px), 1)


@lru_cache(maxsize=1024)
def _down(length_px: int, side_px: int, start_px: float, stop_px: float) -> _Axis:
    return _axis(length_px, side_px, (start_px, stop_px), 0)


def _axis(length_px: int, side_px: int, span_px: tuple[float, float], dimension: int) -> _Axis:
    first, weights = _weights(length_px, side_px, span_px)
    taps = weights.shape[1]
    starts = [0, *(np.flatnonzero(np.diff(first) != 1) + 1).tolist()]
    copies, results, at = [], [], 0
    spread = np.zeros((side_px + len(starts) * (taps - 1), taps), np.uint16)
    for start, stop in zip(starts, [*starts[1:], side_px], strict=True):
        source = int(first[start])
        count = min(stop - start + taps - 1, length_px - source)
        copies.append((_slices(source, count, dimension), _slices(at, count, dimension)))
        results.append((_slices(at, stop - start, dimension), _slices(start, stop - start, dimension)))
        spread[at : at + stop - start] = weights[start:stop]
        at += stop - start + taps - 1
    each = _CHANNELS if dimension else 1
    weighted = len(spread) - taps + 1
    return _Axis(
        copies=tuple(copies),
        results=tuple(results),
        weights=tuple(_shaped(spread[:weighted, tap], dimension) for tap in range(taps)),
        taps=tuple(_slices(tap, weighted, dimension) for tap in range(taps)),
        copied=len(spread) * each,
        side=side_px * each,
        dimension=dimension,
    )


def _slices(start: int, count: int, dimension: int) -> tuple[slice, ...]:
    if dimension == 0:
        return (slice(start, start + count),)
    return slice(None), slice(start * _CHANNELS, (start + count) * _CHANNELS)


def _shaped(weights: NDArray[np.uint16], dimension: int) -> NDArray[np.uint16]:
    return np.repeat(weights, _CHANNELS) if dimension else weights[:, np.newaxis].copy()


def _weights(
    length_px: int, side_px: int, span_px: tuple[float, float]
) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """Return the first source pixel of each pixel of the tile, and the weights (side_px, taps) from there on."""
    start, stop = span_px
    step = (stop - start) / side_px
    reach = max(step, 1.0)
    centers = start + (np.arange(side_px) + 0.5) * step
    first = np.maximum(centers - reach + 0.5, 0).astype(np.int64)
    last = np.minimum((centers + reach + 0.5).astype(np.int64), length_px)
    sources = first[:, np.newaxis] + np.arange((last - first).max())
    exact = np.maximum(0.0, 1 - np.abs(sources + 0.5 - centers[:, np.newaxis]) / reach)
    exact[sources >= length_px] = 0
    summed = np.rint(np.cumsum(exact, axis=1) / exact.sum(axis=1, keepdims=True) * ONE)
    return first, np.diff(summed, axis=1, prepend=0).astype(np.uint16)
