"""The pixels of a tile, whatever level they are read from."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from msm_mil_core.slides.slide import Slide, open_slide
from msm_mil_core.slides.tiling.read_plan import ReadPlan, plan_read
from msm_mil_core.slides.tiling.tile_reader import read_tile
from tests.slides import write_slide

SIZE_PX0 = (1111, 1005)


def a_gradient() -> NDArray[np.uint8]:
    """Red grows by 0.2 a pixel to the right, green by 0.2 a pixel downwards: a position can be read off a colour."""
    y, x = np.mgrid[: SIZE_PX0[1], : SIZE_PX0[0]]
    return np.stack([x * 0.2, y * 0.2, np.full_like(x, 99)], axis=-1).round().astype(np.uint8)


@pytest.fixture(scope="module")
def gradient(tmp_path_factory: pytest.TempPathFactory) -> Slide:
    return open_slide(write_slide(tmp_path_factory.mktemp("slides") / "gradient.tif", a_gradient(), levels=4))


def plan_for(slide: Slide, side_px0: int, side_px: int) -> ReadPlan:
    return plan_read(side_px0, side_px, slide.facts.size_px0, slide.level_sizes_px)


def test_a_tile_that_fits_level_0_is_read_as_it_is(gradient: Slide):
    tile = read_tile(gradient, plan_for(gradient, 128, 128), (256, 384))

    np.testing.assert_array_equal(tile, a_gradient()[384:512, 256:384])


@settings(max_examples=30)
@given(st.integers(24, 700), st.integers(8, 200), st.integers(0, 1110), st.integers(0, 1004))
@example(239, 77, 817, 0)
@example(377, 178, 734, 308)
def test_a_tile_shows_its_own_place_at_any_size_from_any_level(
    gradient: Slide, side_px0: int, side_px: int, x_px0: int, y_px0: int
):
    x_px0, y_px0 = min(x_px0, SIZE_PX0[0] - side_px0), min(y_px0, SIZE_PX0[1] - side_px0)
    plan = plan_for(gradient, side_px0, side_px)

    tile = read_tile(gradient, plan, (x_px0, y_px0))

    assert tile.shape == (side_px, side_px, 3)
    assert tile.dtype == np.uint8
    step = side_px0 / side_px
    centres = (np.arange(side_px) + 0.5) * step - 0.5
    inner = slice(side_px // 8, -(side_px // 8) or None)  # at the slide's edge there is nothing beyond to blend in
    rounded = 1.5  # half a grey level each for the drawing, for the slide's level and for the tile, all columns alike
    tolerance = rounded + 0.2 * max(step, *plan.px0_per_px)  # the sizes of levels are whole pixels
    np.testing.assert_allclose(tile[inner, inner, 0].mean(0), (x_px0 + centres[inner]) * 0.2, atol=tolerance)
    np.testing.assert_allclose(tile[inner, inner, 1].mean(1), (y_px0 + centres[inner]) * 0.2, atol=tolerance)
    np.testing.assert_allclose(tile[inner, inner, 2].astype(int), 99, atol=2)  # openslide's own seams


def test_a_fine_pattern_becomes_grey_not_moire(tmp_path: Path):
    stripes = np.zeros((1024, 1024, 3), np.uint8)
    stripes[:, ::2] = 255
    with open_slide(write_slide(tmp_path / "stripes.tif", stripes, levels=1)) as slide:
        for side_px in (333, 240, 100, 37):
            tile = read_tile(slide, plan_for(slide, 1000, side_px), (7, 7))

            assert np.abs(tile.astype(int) - 128).max() < 60 if side_px > 300 else 8


def test_a_level_gives_the_same_tile_as_level_0(gradient: Slide):
    coarse = plan_for(gradient, 448, 112)
    fine = plan_read(448, 112, SIZE_PX0, [SIZE_PX0])

    from_level, from_level_0 = (read_tile(gradient, plan, (320, 192)).astype(int) for plan in (coarse, fine))

    assert (coarse.level, fine.level) == (2, 0)
    assert np.abs(from_level - from_level_0).max() <= 1


def test_tiles_side_by_side_have_no_seam(gradient: Slide):
    plan = plan_for(gradient, 173, 64)

    left, right = (read_tile(gradient, plan, (x, 173)).astype(int) for x in (346, 519))

    assert np.abs(np.diff(np.concatenate([left, right], axis=1)[..., 0], axis=1)).max() <= 2


def test_threads_read_the_same_tiles(gradient: Slide):
    plan = plan_for(gradient, 100, 77)
    corners = [(x, y) for x in range(0, 1000, 100) for y in range(0, 1000, 100)]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda corner: read_tile(gradient, plan, corner), corners))

    alone = [read_tile(gradient, plan, corner) for corner in corners]
    assert all(np.array_equal(one, other) for one, other in zip(together, alone, strict=True))


def test_enlarging_is_allowed(gradient: Slide):
    tile = read_tile(gradient, plan_for(gradient, 56, 224), (0, 0))

    expected = Image.fromarray(a_gradient()[:56, :56]).resize((224, 224), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(tile, np.asarray(expected))
