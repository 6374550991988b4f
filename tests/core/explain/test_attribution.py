"""Attribution baselines: what they add up to, and that they find what decides."""

import numpy as np
import pytest

from msm_mil_core.explain.attribution import METHODS, attention_against, attribute
from msm_mil_core.mil.aggregate import aggregate
from msm_mil_core.mil.predict import predict_bag
from tests.models import a_bag, a_checkpoint, a_seeker
from tests.results import block_of_tiles

HOT = 8


def some_tile_outputs(N=24, **changes):
    return predict_bag(a_checkpoint(**changes), a_bag(N), device="cpu").tile_outputs


def mean_logit(tile_outputs, class_index):
    """The logit of a bag in which every tile is the mean tile."""
    return tile_outputs.bias[class_index] + tile_outputs.tile_logits[:, class_index].mean()


@pytest.mark.parametrize(
    "fusion", [{"fusion": "mean"}, *({"fusion": "attention", "fusion_activation": name} for name in ("relu", "tanh"))]
)
@pytest.mark.parametrize("mask_mode", ["always", "train"])
@pytest.mark.parametrize("class_index", [0, 1])
def test_integrated_gradients_add_up_to_the_logit_less_that_of_the_mean_bag(fusion, mask_mode, class_index):
    tile_outputs = some_tile_outputs(**fusion, mask_mode=mask_mode)

    attributed = attribute(tile_outputs, block_of_tiles(6, 4), class_index, "integrated gradients")

    moved = aggregate(tile_outputs).logits[class_index] - mean_logit(tile_outputs, class_index)
    assert attributed.sum() == pytest.approx(moved, abs=1e-4)


def test_they_add_up_where_attention_turns_from_even_to_one_tile():
    hot, cold = np.ones(4, np.float32), -np.ones(4, np.float32)
    tile_outputs = predict_bag(a_seeker(hot, cold), np.stack([hot] + [cold] * 23), device="cpu").tile_outputs

    attributed = attribute(tile_outputs, block_of_tiles(6, 4), 1, "integrated gradients")

    moved = aggregate(tile_outputs).logits[1] - mean_logit(tile_outputs, 1)
    assert moved > 0.5
    assert attributed.sum() == pytest.approx(moved, rel=1e-3)


def test_a_tile_like_the_mean_gets_nothing():
    bag = np.repeat(a_bag(1), 24, axis=0)
    tile_outputs = predict_bag(a_checkpoint(), bag, device="cpu").tile_outputs

    for method in METHODS:
        np.testing.assert_allclose(attribute(tile_outputs, block_of_tiles(6, 4), 0, method), 0, atol=1e-5)


def test_there_is_no_class_beyond_the_last():
    with pytest.raises(ValueError, match="no class 2: they are counted from 0 to 1"):
        attribute(some_tile_outputs(), block_of_tiles(6, 4), 2, "feature ablation")


@pytest.mark.parametrize("method", METHODS)
def test_the_tile_that_decides_gets_the_most(method):
    hot, cold = np.ones(4, np.float32), -np.ones(4, np.float32)
    bag = np.tile(cold, (24, 1))
    bag[HOT] = hot
    tile_outputs = predict_bag(a_seeker(hot, cold), bag, device="cpu").tile_outputs

    attributed = attribute(tile_outputs, block_of_tiles(6, 4), 1, method)

    assert attributed.argmax() == HOT
    assert attributed[HOT] > 10 * np.abs(np.delete(attributed, HOT)).max()


def test_ablation_is_the_fall_of_the_logit_when_a_tile_is_replaced():
    tile_outputs = some_tile_outputs(mask_mode="train", fusion="mean")

    attributed = attribute(tile_outputs, block_of_tiles(6, 4), 0, "feature ablation")

    scores, logits = tile_outputs.scores.copy(), tile_outputs.tile_logits.copy()
    scores[:, 5], logits[5] = tile_outputs.scores.mean(axis=1), tile_outputs.tile_logits.mean(axis=0)
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    without = tile_outputs.bias[0] + (raised / raised.sum(axis=1, keepdims=True) @ logits[:, 0]).mean()
    assert attributed[5] == pytest.approx(aggregate(tile_outputs).logits[0] - without, abs=1e-4)


def test_many_tiles_are_replaced_in_blocks_of_neighbours():
    tile_outputs = some_tile_outputs(600)

    attributed = attribute(tile_outputs, block_of_tiles(30, 20), 0, "feature ablation").reshape(20, 30)

    assert len(np.unique(attributed)) <= 256
    assert (attributed[0, 0] == attributed[:2, :2]).all()


def test_attention_is_held_against_an_attribution():
    tile_outputs = some_tile_outputs(mask_mode="train")
    prediction = aggregate(tile_outputs)

    same = attention_against(prediction.stages[0].attention, prediction)

    assert same[0] == pytest.approx(1)
    assert all(-1 <= one <= 1 for one in same)
