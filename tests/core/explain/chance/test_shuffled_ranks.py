"""What shuffled maps give, as if each had been shuffled by itself."""

import numpy as np
import pytest

from msm_mil_core.explain.chance.shuffled_ranks import TILES_A_DRAW, shuffled_correlations


def unit_ramp(count):
    ramp = np.arange(count) - (count - 1) / 2
    return ramp / np.linalg.norm(ramp)


@pytest.mark.parametrize("count", [3, 50, 2 * TILES_A_DRAW, 20 * TILES_A_DRAW])
def test_they_spread_around_0_as_shuffles_do(count):
    ramp, draws = unit_ramp(count), 2000

    drawn = shuffled_correlations(ramp, ramp, draws, np.random.default_rng(0))

    sd = 1 / np.sqrt(count - 1)  # of Spearman's correlation when there is none
    assert drawn.shape == (draws,)
    assert abs(drawn.mean()) < 4 * sd / np.sqrt(draws)
    assert drawn.std() == pytest.approx(sd, rel=0.08)


def test_draws_of_one_shuffle_are_not_alike():
    count, rng = 4 * TILES_A_DRAW, np.random.default_rng(0)
    ramp = unit_ramp(count)

    of_one_shuffle = np.array([shuffled_correlations(ramp, ramp, 4, rng) for _ in range(500)])  # (500, 4)

    between = np.corrcoef(of_one_shuffle.T)[np.triu_indices(4, 1)]
    assert (abs(between) < 4 / np.sqrt(500)).all()


def test_no_correlation_is_beyond_1():
    drawn = shuffled_correlations(unit_ramp(2), unit_ramp(2), 50, np.random.default_rng(0))

    assert set(np.round(drawn, 12).tolist()) == {-1, 1}
