"""One pass over a bag in blocks says of each tile what the network says, wherever blocks end."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from msm_mil_core.errors import FeatureFileError
from msm_mil_core.mil import tile_scorer
from msm_mil_core.mil.network import network_with
from msm_mil_core.mil.predict import predict
from msm_mil_core.mil.tile_pass import compute_tile_outputs
from msm_mil_core.mil.tile_scorer import score_bags
from tests.models import a_bag, a_checkpoint, a_network

CPU = torch.device("cpu")
PRESETS = ("default", "explain", "abmil", "mean")

choices = st.fixed_dictionaries(
    {
        "name": st.sampled_from(PRESETS),
        "classes": st.integers(2, 4),
        "k": st.integers(1, 8),
        "standardise": st.booleans(),
        "seed": st.integers(0, 99),
    }
)


def outputs_of(checkpoint, features):
    return compute_tile_outputs(checkpoint, features, CPU, masks_applied=True)


def said(outputs):
    parts = [outputs.scores, outputs.tile_logits, outputs.stage_tile_logits]
    return parts if outputs.fusion is None else [*parts, outputs.fusion.inner]


def plainly(checkpoint, features):
    """What the network computes with autograd's own path, in one piece."""
    network = network_with(checkpoint.options, checkpoint.state)
    output = network(torch.from_numpy(features)[None])
    hidden, (weight, _) = output.hidden[0], network.stage_heads()
    parts = [output.scores[0], functional.linear(hidden, network.classifier.weight), hidden @ weight.mT]
    parts += [] if network.fusion is None else [functional.linear(hidden, network.fusion[1].weight)]
    return [part.detach().numpy() for part in parts]


@settings(max_examples=60)
@given(choices, st.integers(1, 40), st.integers(1, 50))
def test_what_is_said_of_a_tile_does_not_depend_on_the_blocks(choice, tiles, at_once):
    checkpoint, features = a_checkpoint(**choice), a_bag(tiles, seed=choice["seed"])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tile_scorer, "TILES_AT_ONCE", at_once)
        in_blocks = said(outputs_of(checkpoint, features))

    for found, wanted in zip(in_blocks, plainly(checkpoint, features), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("tiles", [tile_scorer.TILES_AT_ONCE - 1, 2 * tile_scorer.TILES_AT_ONCE + 1])
def test_a_bag_around_the_size_of_a_block_is_predicted_as_the_network_does(name, tiles):
    checkpoint, features = a_checkpoint(name, standardise=True, k_share=0.05), a_bag(tiles)

    prediction = predict(checkpoint, features, device="cpu")

    output = network_with(checkpoint.options, checkpoint.state)(torch.from_numpy(features)[None])
    np.testing.assert_allclose(prediction.logits, output.logits[0].detach(), atol=1e-5)
    for s, stage in enumerate(prediction.stages):
        np.testing.assert_allclose(np.nan_to_num(stage.attention), output.attention[0, s].detach(), atol=1e-5)


@pytest.mark.parametrize("name", [*PRESETS, "paper"])
def test_half_precision_features_are_computed_with_as_the_numbers_that_they_are(name):
    checkpoint, half = a_checkpoint(name), a_bag(50).astype(np.float16)

    one, other = (predict(checkpoint, bag, device="cpu") for bag in (half, half.astype(np.float32)))

    np.testing.assert_array_equal(one.logits, other.logits)
    for stage, its in zip(one.stages, other.stages, strict=True):
        np.testing.assert_array_equal(stage.attention, its.attention)


def test_a_bag_that_may_not_be_written_is_left_as_it_is():
    checkpoint, features = a_checkpoint(standardise=True), a_bag()
    features.setflags(write=False)

    found = said(outputs_of(checkpoint, features))

    for part, same in zip(found, said(outputs_of(checkpoint, features.copy())), strict=True):
        np.testing.assert_array_equal(part, same)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_refused_in_whatever_block_it_is(bad, monkeypatch):
    monkeypatch.setattr(tile_scorer, "TILES_AT_ONCE", 10)
    features = a_bag(45)
    features[[7, 44], 3] = bad

    with pytest.raises(FeatureFileError, match="2 of 45 tiles"):
        outputs_of(a_checkpoint(), features)


def test_finite_numbers_whose_sum_overflows_are_no_error():
    features = a_bag(5)
    features[2, :2] = 3e38, 3e38

    assert outputs_of(a_checkpoint(), features).scores.shape == (3, 5)


@pytest.mark.parametrize("heads", ["own", "shared"])
def test_a_network_scores_alike_with_gradients_and_without(heads, monkeypatch):
    monkeypatch.setattr(tile_scorer, "TILES_AT_ONCE", 16)
    network = a_network(heads=heads, standardise=True)
    bags = torch.from_numpy(np.stack([a_bag(seed=1), a_bag(seed=2)]))
    valid = torch.arange(30)[None] < torch.tensor([[30], [11]])

    trained = network(bags, valid)
    with torch.inference_mode():
        inferred = network(bags, valid)

    for field in ("hidden", "scores", "attention", "logits"):
        torch.testing.assert_close(getattr(inferred, field), getattr(trained, field).detach(), atol=1e-5, rtol=1e-5)


def test_a_half_precision_bag_is_scored_in_single_precision():
    network, half = a_network(), torch.from_numpy(a_bag(20))[None].half()

    with torch.inference_mode():
        hidden, scores = score_bags(half, network.layers(), network.scorer())
        whole = network(half.float())

    assert hidden.dtype == scores.dtype == torch.float32
    torch.testing.assert_close(hidden, whole.hidden)
