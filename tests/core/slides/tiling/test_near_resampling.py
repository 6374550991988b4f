"""Resampling by a few per cent, beside Pillow's bilinear filter."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from msm_mil_core.slides.tiling.near_resampling import REDUCTION_AT_MOST, SHIFTS_AT_MOST, is_near, resample_near

Box = tuple[float, float, float, float]


def by_pillow(pixels: NDArray[np.uint8], box_px: Box, side_px: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(pixels).resize((side_px, side_px), Image.Resampling.BILINEAR, box=box_px))


def noise(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@st.composite
def boxes(draw: st.DrawFn) -> tuple[tuple[int, int], Box, int]:
    """Draw an image's size, a box in it with fractions, and the side that it becomes."""
    side_px = draw(st.integers(1, 300))
    edges, sizes = [], []
    for _ in range(2):
        longest = min(side_px + SHIFTS_AT_MOST, side_px * REDUCTION_AT_MOST)
        source = draw(st.floats(max(0.6, side_px - SHIFTS_AT_MOST), longest))
        before, after = (draw(st.sampled_from((0.0, 0.25, 0.999, 1.0, 2.5))) for _ in range(2))
        edges.append((before, before + source))
        sizes.append(int(np.ceil(before + source + after)))
    (left, right), (top, bottom) = edges
    return (sizes[0], sizes[1]), (left, top, right, bottom), side_px


@settings(max_examples=60, deadline=None)
@given(boxes(), st.integers(0, 9))
@example(((222, 222), (0.0, 0.5, 221.5, 222.0), 224), 0)
@example(((240, 208), (0.0, 0.0, 240.0, 208.0), 224), 1)
@example(((1, 1), (0.0, 0.0, 1.0, 1.0), 17), 2)
def test_it_is_pillow_s_bilinear_filter_but_for_the_last_digits(drawn: tuple[tuple[int, int], Box, int], seed: int):
    (width, height), box_px, side_px = drawn
    pixels = noise(width, height, seed)

    tile = resample_near(pixels, box_px, side_px)

    assert (tile.shape, tile.dtype) == ((side_px, side_px, 3), np.uint8)
    apart = np.abs(tile.astype(int) - by_pillow(pixels, box_px, side_px))
    assert apart.max() <= 2
    assert np.count_nonzero(apart > 1) <= max(3, 0.005 * apart.size)


@given(boxes(), st.tuples(*[st.integers(0, 255)] * 3))
def test_one_colour_stays_that_colour(drawn: tuple[tuple[int, int], Box, int], color: tuple[int, int, int]):
    (width, height), box_px, side_px = drawn
    pixels = np.full((height, width, 3), color, np.uint8)

    assert (resample_near(pixels, box_px, side_px) == np.array(color)).all()


def test_across_and_down_are_treated_alike():
    pixels = noise(222, 222)

    turned = resample_near(pixels.transpose(1, 0, 2).copy(), (0.5, 0.0, 222.0, 221.5), 224)

    apart = resample_near(pixels, (0.0, 0.5, 221.5, 222.0), 224).astype(int) - turned.transpose(1, 0, 2)
    assert np.abs(apart).max() <= 1  # it is rounded after each axis, and here in another order


def test_only_sides_of_nearly_the_same_length_are_near():
    assert is_near(221.5, 224)
    assert not is_near(443, 224)
    assert not is_near(112, 224)
    assert not is_near(30, 20)
