"""Predictions: what the network says, told in numpy, and evidence that adds up to it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from msm_mil_core.errors import CheckpointError, DeviceError, FeatureFileError
from msm_mil_core.mil.network import network_with
from msm_mil_core.mil.predict import predict
from tests.models import a_bag, a_checkpoint


def answer(checkpoint, features, **choice):
    return predict(checkpoint, features, device="cpu", **choice)


@pytest.mark.parametrize("name", ["paper", "default", "explain"])
def test_a_prediction_is_what_the_network_says(name):
    checkpoint = a_checkpoint(name, classes=3)
    features = a_bag(40)

    prediction = answer(checkpoint, features)

    with torch.inference_mode():
        output = network_with(checkpoint.options, checkpoint.state)(torch.from_numpy(features)[None])
    np.testing.assert_allclose(prediction.logits, output.logits[0], atol=1e-5)
    np.testing.assert_allclose(prediction.probabilities, output.logits[0].softmax(-1), atol=1e-5)
    assert prediction.masks_applied == (name != "paper")
    for s, stage in enumerate(prediction.stages):
        np.testing.assert_allclose(np.nan_to_num(stage.attention), output.attention[0, s], atol=1e-6)
        np.testing.assert_allclose(stage.logits, output.stage_logits[0, s], atol=1e-6)
        np.testing.assert_array_equal(stage.claimed, output.claimed[0, s])
        assert stage.beta == pytest.approx(output.beta[0, s].item())


@settings(max_examples=40)
@given(
    N=st.integers(1, 60),
    seed=st.integers(0, 999),
    scale=st.sampled_from([0.1, 1, 10]),
    choice=st.fixed_dictionaries(
        {
            "name": st.sampled_from(["default", "explain"]),
            "fusion": st.sampled_from(["mean", "attention"]),
            "fusion_activation": st.sampled_from(["relu", "tanh"]),
            "heads": st.sampled_from(["own", "shared"]),
            "standardise": st.booleans(),
            "min_keep": st.integers(0, 2),
            "masked_stages": st.integers(0, 3),
            "classes": st.integers(2, 4),
        }
    ),
)
def test_evidence_adds_up_to_the_logits(N, seed, scale, choice):
    prediction = answer(a_checkpoint(seed=seed, **choice), a_bag(N, seed=seed) * np.float32(scale))

    total = prediction.bias + sum(stage.evidence.astype(np.float64).sum(0) for stage in prediction.stages)
    np.testing.assert_allclose(total, prediction.logits, atol=1e-5, rtol=0)


def test_evidence_and_attention_add_up_over_a_large_bag():
    prediction = answer(a_checkpoint("explain"), a_bag(200_000))

    total = prediction.bias + sum(stage.evidence.astype(np.float64).sum(0) for stage in prediction.stages)
    np.testing.assert_allclose(total, prediction.logits, atol=1e-5, rtol=0)
    for stage in prediction.stages:
        assert np.nansum(stage.attention, dtype=np.float64) == pytest.approx(1, abs=1e-6)


def test_the_evidence_of_a_tile_is_what_the_logits_lose_when_its_features_project_to_nothing():
    checkpoint = a_checkpoint(masked_stages=0)
    features = a_bag(20)
    network = network_with(checkpoint.options, checkpoint.state)
    with torch.inference_mode():
        output = network(torch.from_numpy(features)[None])
        hidden = output.hidden[0].numpy()

    evidence = answer(checkpoint, features).stages[0].evidence

    attention = output.attention[0, 0].numpy()
    without = (np.delete(attention, 7)[:, None] * np.delete(hidden, 7, 0)).sum(0)
    lost = checkpoint.state["classifier.weight"] @ ((attention[:, None] * hidden).sum(0) - without)
    np.testing.assert_allclose(evidence[7], lost, atol=1e-5)


def test_a_refined_model_has_no_evidence():
    prediction = answer(a_checkpoint("paper"), a_bag())

    assert prediction.bias is None
    assert [stage.evidence for stage in prediction.stages] == [None, None, None]


@pytest.mark.parametrize(
    ("mask_mode", "masks", "applied"),
    [
        ("train", "checkpoint", False),
        ("always", "checkpoint", True),
        ("train", "always", True),
        ("always", "never", False),
    ],
)
def test_a_stage_is_shown_what_masks_leave_and_claims_the_same_either_way(mask_mode, masks, applied):
    checkpoint, features = a_checkpoint(mask_mode=mask_mode), a_bag(30)

    prediction = answer(checkpoint, features, masks=masks)

    assert prediction.masks_applied == applied
    claimed = np.array([stage.claimed for stage in prediction.stages])
    for s, stage in enumerate(prediction.stages):
        hidden = claimed[:s].any(0) if applied else np.zeros(30, bool)
        np.testing.assert_array_equal(np.isnan(stage.attention), hidden)
        assert np.nansum(stage.attention) == pytest.approx(1, abs=1e-5)
        assert not stage.evidence[hidden].any()
    assert claimed.sum(1).tolist() == [3, 3, 3]
    assert claimed.sum(0).max() == 1
    other = answer(checkpoint, features, masks="never" if applied else "always")
    np.testing.assert_array_equal(claimed, [stage.claimed for stage in other.stages])


def test_a_stage_that_saw_nothing_says_nothing():
    prediction = answer(a_checkpoint("explain", min_keep=0), a_bag(4))

    last = prediction.stages[2]
    assert np.isnan(last.attention).all()
    assert np.isnan(last.logits).all()
    assert last.beta == 0
    assert not last.claimed.any()
    assert np.isfinite(prediction.logits).all()


@pytest.mark.parametrize("name", ["paper", "default", "explain"])
def test_a_bag_of_one_tile_is_all_about_that_tile(name):
    prediction = answer(a_checkpoint(name), a_bag(1))

    assert prediction.stages[0].attention.tolist() == [1]
    assert np.isfinite(prediction.probabilities).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_features_may_be_of_any_precision_order_and_ownership(dtype):
    features = np.asfortranarray(a_bag(20).astype(dtype))
    features.setflags(write=False)
    plain = np.ascontiguousarray(features, np.float32)

    np.testing.assert_array_equal(answer(a_checkpoint(), features).logits, answer(a_checkpoint(), plain).logits)


def test_predicting_changes_neither_the_features_nor_the_weights_nor_the_random_numbers():
    checkpoint, features, drawn = a_checkpoint(), a_bag(), torch.get_rng_state()
    weights = {name: weight.copy() for name, weight in checkpoint.state.items()}

    answer(checkpoint, features)

    np.testing.assert_array_equal(features, a_bag())
    assert all(np.array_equal(checkpoint.state[name], weight) for name, weight in weights.items())
    assert torch.equal(torch.get_rng_state(), drawn)


def test_features_of_another_length_are_refused():
    with pytest.raises(CheckpointError, match=r"expects 12 features.*efficientnet-lite0, but there are 7"):
        answer(a_checkpoint(), a_bag(P=7))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_features_that_are_not_finite_are_refused(value):
    features = a_bag(30)
    features[4, 2] = value
    features[9] = value

    with pytest.raises(FeatureFileError, match="2 of 30 tiles"):
        answer(a_checkpoint(), features)


@pytest.mark.parametrize("features", [a_bag(0), a_bag()[0], a_bag()[None]])
def test_features_that_are_no_table_of_tiles_are_a_mistake(features):
    with pytest.raises(ValueError, match="at least one tile"):
        answer(a_checkpoint(), features)


def test_an_unknown_choice_of_masks_is_a_mistake():
    with pytest.raises(ValueError, match="'sometimes'"):
        answer(a_checkpoint(), a_bag(), masks="sometimes")


def test_a_device_that_is_missing_is_a_device_error():
    with pytest.raises(DeviceError, match="no device"):
        predict(a_checkpoint(), a_bag(), device="cuda:99")


def test_a_lack_of_memory_is_a_device_error():
    beyond_any_address = 4_000_000
    checkpoint = a_checkpoint(features=1, hidden=8, attention=1, masked_stages=0)
    wide = checkpoint.options.replace(hidden=beyond_any_address)
    state = {
        name: np.zeros([beyond_any_address if side == 8 else side for side in weight.shape], np.float32)
        for name, weight in checkpoint.state.items()
    }

    with pytest.raises(DeviceError, match=r"cpu failed while drawn model computed 10000000 tiles"):
        answer(replace(checkpoint, options=wide, state=state), np.zeros((10_000_000, 1), np.float32))
