import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from msm_mil_core.display.heatmap import CONTRASTS, contrast, contrast_label, rasterise
from tests.results import tile_grid

cells = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=60, unique=True)
maps = stn.arrays(
    np.float32,
    stn.array_shapes(min_dims=1, max_dims=2, max_side=12),
    elements=st.floats(0, 1, width=32) | st.just(np.float32("nan")),
)


def test_a_heatmap_is_cropped_to_its_tiles_and_says_where_it_lies():
    tiles = tile_grid([(3, 5), (4, 5), (3, 6)], side_px0=100)

    heatmap = rasterise(tiles, [0.1, 0.2, 0.3])

    np.testing.assert_array_equal(heatmap.values, np.float32([[0.1, 0.2], [0.3, np.nan]]))
    assert (heatmap.cell_px0, heatmap.origin_px0) == (100, (300, 500))


@given(cells=cells, side_px0=st.integers(1, 4000))
def test_every_value_is_found_again_at_its_tile(cells, side_px0):
    tiles = tile_grid(cells, side_px0)
    values = np.arange(len(tiles), dtype=np.float32)

    heatmap = rasterise(tiles, values)

    col, row = ((tiles.xy_px0 - heatmap.origin_px0) // heatmap.cell_px0).T
    np.testing.assert_array_equal(heatmap.values[row, col], values)
    assert np.isfinite(heatmap.values).sum() == len(tiles)


@given(cells=cells, seed=st.integers(0, 9))
def test_the_order_of_tiles_does_not_matter(cells, seed):
    order = np.random.default_rng(seed).permutation(len(cells))
    values = np.linspace(0, 1, len(cells))

    drawn = rasterise(tile_grid(cells), values)
    again = rasterise(tile_grid(np.array(cells)[order]), values[order])

    np.testing.assert_array_equal(drawn.values, again.values)


@pytest.mark.parametrize("values", [[], [1.0], [[1.0, 2.0]]])
def test_values_that_do_not_fit_the_tiles_are_refused(values):
    with pytest.raises(ValueError, match="2 tiles need as many values"):
        rasterise(tile_grid([(0, 0), (1, 0)]), values)


def test_no_tiles_are_refused():
    with pytest.raises(ValueError, match="0 tiles"):
        rasterise(tile_grid([]), [])


@pytest.mark.parametrize("kind", CONTRASTS)
@given(values=maps)
def test_contrast_keeps_shape_and_nan_and_order(kind, values):
    before = values.copy()

    shown = contrast(values, kind)

    assert (shown.shape, shown.dtype) == (values.shape, np.float32)
    np.testing.assert_array_equal(np.isnan(shown), np.isnan(values))
    in_order = np.argsort(values[~np.isnan(values)], kind="stable")
    assert (np.diff(shown[~np.isnan(shown)][in_order]) >= 0).all()
    np.testing.assert_array_equal(values, before)


@given(values=maps)
def test_ranks_lie_between_0_and_1_around_a_half(values):
    ranks = contrast(values, "rank")[~np.isnan(values)]

    if ranks.size:
        assert ranks.min() >= 0
        assert ranks.max() <= 1
        np.testing.assert_allclose(ranks.mean(), 0.5, atol=1e-6)


def test_equal_values_share_the_mean_of_their_ranks():
    ranks = contrast(np.float32([5, 1, np.nan, 5, 9, 0]), "rank")

    np.testing.assert_array_equal(ranks, np.float32([0.625, 0.25, np.nan, 0.625, 1, 0]))


@pytest.mark.parametrize("value", [0.0, 0.7])
def test_a_lone_tile_and_equal_tiles_rank_in_the_middle(value):
    assert contrast([value], "rank") == [0.5]
    assert contrast([value] * 4, "rank").tolist() == [0.5] * 4


@given(values=maps)
def test_percentiles_are_the_percentage_that_is_not_higher(values):
    shown = values[~np.isnan(values)]

    percentiles = contrast(values, "percentile")[~np.isnan(values)]

    expected = [100 * (shown <= value).mean() for value in shown]
    np.testing.assert_allclose(percentiles, expected, rtol=1e-5)


@pytest.mark.parametrize("kind", ["rank", "percentile"])
def test_two_maps_ranked_among_both_are_on_one_scale(kind):
    one, other = np.float32([0.1, 0.2, 0.4]), np.float32([0.2, 0.3, np.nan])

    first, second = (contrast(values, kind, np.concatenate([one, other])) for values in (one, other))

    assert first[1] == second[0]
    assert first[0] < second[0] < second[1] < first[2]


def test_zeros_count_as_the_smallest_value_above_zero_in_a_logarithm():
    np.testing.assert_allclose(contrast([0, 0.01, 1], "log"), [-2, -2, 0], atol=1e-6)
    np.testing.assert_array_equal(contrast([0.0, 0.0], "log"), [0, 0])


def test_no_logarithm_below_zero():
    with pytest.raises(ValueError, match="below zero"):
        contrast([-1.0, 2.0], "log")


def test_an_unknown_contrast_is_refused():
    with pytest.raises(ValueError, match="raw, log, rank, percentile; got 'jet'"):
        contrast([1.0], "jet")


def test_a_map_of_nothing_stays_nothing():
    assert all(np.isnan(contrast(np.full((2, 2), np.nan), kind)).all() for kind in CONTRASTS)


def test_a_legend_says_what_the_values_are_and_over_which_tiles():
    assert contrast_label("rank", 498) == "attention, rank over the 498 tiles shown"
    assert contrast_label("log", 1) == "attention, log10 of the values of the 1 tile shown"
    assert contrast_label("raw", 12_000, "evidence") == "evidence, raw values of the 12,000 tiles shown"


def test_a_legend_of_a_common_scale_counts_values_for_stages_share_tiles():
    assert contrast_label("rank", 714, shared=True) == "attention, rank over the 714 values of all stages"
    assert contrast_label("percentile", 1, shared=True) == "attention, percentile of the 1 value of all stages"
    assert contrast_label("raw", 250, shared=True) == "attention, raw values of the 250 tiles shown"
