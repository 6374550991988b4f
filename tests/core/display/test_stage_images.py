"""The images of stages: where the tiles are, what a threshold leaves, and which values the colours stand for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.display.contrast_setting import ContrastSetting
from msm_mil_core.display.heatmap import CONTRASTS, contrast, rasterise
from msm_mil_core.display.shared_tiles import STRIPES
from msm_mil_core.display.stage_images import StageImages, contrast_limits
from msm_mil_core.explain.selections.selection import top_tiles
from tests.results import a_prediction, block_of_tiles

TILES = block_of_tiles(8, 5)
PREDICTION = a_prediction(len(TILES), S=3, masks=True)

settings = st.builds(
    ContrastSetting,
    contrast=st.sampled_from(CONTRASTS),
    shared=st.booleans(),
    top_percent=st.sampled_from([0.5, 7.5, 50.0, 100.0]),
)


@given(order=st.lists(st.tuples(st.integers(0, 2), settings), min_size=1, max_size=6))
def test_an_image_is_the_raster_of_the_spread_values_of_the_top_tiles_whatever_was_drawn_before(order):
    images = StageImages(TILES, PREDICTION)
    everything = np.concatenate([stage.attention for stage in PREDICTION.stages])

    for index, setting in order:
        attention = PREDICTION.stages[index].attention
        values = contrast(attention, setting.contrast, everything if setting.shared else None)
        top = top_tiles(attention, setting.top_percent) if setting.top_percent < 100 else np.isfinite(attention)
        expected = rasterise(TILES, np.where(top, values, np.nan)).values

        np.testing.assert_array_equal(images.pixels(index, setting), expected)


@given(percent=st.sampled_from([5.0, 40.0, 80.0]), stages=st.sets(st.integers(0, 2)))
def test_stripes_lie_on_the_pixels_of_the_tiles_that_several_stages_have_in_their_top(percent, stages):
    images = StageImages(TILES, PREDICTION)
    maps = [images.pixels(stage, ContrastSetting(top_percent=percent)) for stage in stages]

    stripes = images.stripes(stages, percent).reshape(*images.raster.shape, STRIPES)

    several = sum((np.isfinite(each) for each in maps), start=np.zeros(images.raster.shape, int)) > 1
    np.testing.assert_array_equal(np.isfinite(stripes).all(axis=2), several)
    np.testing.assert_array_equal(np.isfinite(stripes).any(axis=2), several)


@given(setting=settings, index=st.integers(0, 2))
def test_the_colours_end_at_the_values_of_the_stage_or_of_all_and_no_threshold_moves_them(setting, index):
    images = StageImages(TILES, PREDICTION)
    all_tiles = ContrastSetting(setting.contrast, setting.shared)

    drawn = [images.pixels(stage, all_tiles) for stage in (range(3) if setting.shared else [index])]

    assert images.limits(index, setting) == (np.nanmin(drawn), np.nanmax(drawn))


@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [0.0], [-3.5, -3.5], [1e-9, 1e-9, np.nan], [1.0, 2.0]])
def test_contrast_limits_are_a_range_that_holds_the_values(values):
    values = np.array(values, np.float32)

    low, high = contrast_limits(values)

    assert low < high
    assert not np.any((values < low) | (values > high))
