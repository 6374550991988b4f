"""Means of random sets, drawn quickly, are those of sets drawn one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.explain.chance.random_sets import random_means


@pytest.mark.parametrize("count", [1, 2, 7, 20, 31, 38])
def test_means_spread_like_those_of_sets_drawn_one_by_one(count):
    rng = np.random.default_rng(1)
    values = rng.normal(size=40)

    fast = random_means(values, count, 20_000, rng)

    slow = [rng.choice(values, count, replace=False).mean() for _ in range(20_000)]
    assert np.quantile(fast, [0.11, 0.49, 0.89]) == pytest.approx(np.quantile(slow, [0.11, 0.49, 0.89]), abs=0.06)
    assert fast.std() == pytest.approx(np.std(slow), rel=0.05)


@given(st.integers(1, 50), st.integers(1, 200), st.data())
def test_every_mean_lies_between_the_least_and_the_greatest_a_set_can_have(values, draws, data):
    ascending = np.sort(np.random.default_rng(values).normal(size=values))
    count = data.draw(st.integers(1, values))

    means = random_means(ascending, count, draws, np.random.default_rng(0))

    assert means.shape == (draws,)
    assert means.min() >= ascending[:count].mean() - 1e-9
    assert means.max() <= ascending[-count:].mean() + 1e-9
