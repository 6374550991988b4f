"""Ranks of tiles, and how alike two maps rank them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from msm_mil_core.explain.chance.ranks import rank_correlation, ranks


@given(st.lists(st.integers(0, 5), min_size=2, max_size=40).filter(lambda drawn: len(set(drawn)) > 1))
def test_ranks_are_mean_ranks_from_0_to_1(drawn):
    expected = (rankdata(drawn) - 1) / (len(drawn) - 1)

    np.testing.assert_allclose(ranks(np.array([*drawn, np.nan], np.float32)), [*expected, np.nan], atol=1e-12)


@pytest.mark.parametrize("attention", [[0.25] * 4, [1.0]])
def test_tiles_that_are_all_looked_at_alike_are_in_the_middle(attention):
    assert set(ranks(np.array(attention, np.float32)).tolist()) == {0.5}


def test_a_correlation_is_over_what_both_maps_show():
    one = np.array([1, 2, 3, 4, np.nan, 9], np.float32)

    assert rank_correlation(one, np.array([10, 20, 30, 99, 1, np.nan], np.float32)) == pytest.approx(1)
    assert rank_correlation(one, -one) == pytest.approx(-1)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=60))
def test_a_correlation_is_spearmans(drawn):
    one, other = np.array(drawn, np.float32).T

    expected = spearmanr(one, other).statistic if np.ptp(one) and np.ptp(other) else np.nan
    assert rank_correlation(one, other) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("one", "other"), [([1, 2], [1, 2]), ([1, 2, 3], [1, 1, 1]), ([1, 2, 3, np.nan], [1, 2, np.nan, 4])]
)
def test_too_few_tiles_and_a_constant_map_have_no_correlation(one, other):
    assert np.isnan(rank_correlation(np.array(one, np.float32), np.array(other, np.float32)))
