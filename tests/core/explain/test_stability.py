"""How far maps depend on which tiles are there."""

import numpy as np
import pytest

from msm_mil_core.explain.examination_options import StabilityOptions
from msm_mil_core.explain.stability import measure_stability
from msm_mil_core.mil.aggregate import aggregate
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.progress import finish
from tests.models import a_bag, a_checkpoint


def some_tile_outputs(bag, **changes):
    return predict_bag(a_checkpoint(**changes), bag, device="cpu").tile_outputs


def test_dropping_nothing_moves_nothing():
    tile_outputs = some_tile_outputs(a_bag(30))

    stability = finish(measure_stability(tile_outputs, StabilityOptions(dropped=0)))

    shown = np.isfinite([stage.attention for stage in aggregate(tile_outputs).stages])
    np.testing.assert_allclose(stability.spread[shown], 0, atol=1e-6)
    assert all(stage.rank_correlation == pytest.approx(1) for stage in stability.stages)
    assert all(stage.same_claims == 1 for stage in stability.stages)
    assert stability.probability == pytest.approx(aggregate(tile_outputs).probabilities.max())
    assert stability.probability_sd == pytest.approx(0, abs=1e-6)


def test_without_masks_order_does_not_depend_on_other_tiles():
    tile_outputs = some_tile_outputs(a_bag(60), mask_mode="train")

    stability = finish(measure_stability(tile_outputs, StabilityOptions(dropped=0.5)))

    assert all(stage.rank_correlation == pytest.approx(1) for stage in stability.stages)
    assert (stability.spread > 0).any()  # the place among fewer is another


def test_masks_let_later_stages_depend_on_what_earlier_ones_claim():
    tile_outputs = some_tile_outputs(a_bag(60), k=6)

    stability = finish(measure_stability(tile_outputs, StabilityOptions(dropped=0.3)))

    assert stability.stages[0].same_claims > 0.5
    assert stability.stages[2].same_claims < 1
    assert "Over 20 runs with 30 % of the tiles missing, P(" in str(stability)


def test_the_same_seed_drops_the_same_tiles():
    tile_outputs = some_tile_outputs(a_bag(40))

    one, again, other = (finish(measure_stability(tile_outputs, StabilityOptions(seed=seed))) for seed in (1, 1, 2))

    np.testing.assert_array_equal(one.spread, again.spread)
    assert not np.array_equal(one.spread, other.spread, equal_nan=True)


@pytest.mark.parametrize("N", [1, 2])
def test_tiny_bags_have_no_correlation_and_no_trouble(N):
    stability = finish(measure_stability(some_tile_outputs(a_bag(N)), StabilityOptions()))

    assert all(np.isnan(stage.rank_correlation) for stage in stability.stages)
    assert stability.spread.shape == (3, N)
