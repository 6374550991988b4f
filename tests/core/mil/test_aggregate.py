"""What is remembered of tiles answers for any part of a bag, as a run on just that part would."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm_mil_core.mil.aggregate import aggregate, aggregate_probabilities
from msm_mil_core.mil.predict import predict, predict_bag
from tests.models import a_bag, a_checkpoint, a_network

models = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 1000),
        "fusion": st.sampled_from(["mean", "attention"]),
        "fusion_activation": st.sampled_from(["relu", "tanh"]),
        "mask_mode": st.sampled_from(["always", "train"]),
        "masked_stages": st.integers(0, 3),
        "min_keep": st.integers(1, 2),
        "k": st.integers(1, 8),
        "k_share": st.sampled_from([None, 0.05, 0.3, 1.0]),
        "claim_mass": st.sampled_from([None, None, 0.1, 0.6]),
        "claim_by": st.sampled_from(["attention", "evidence"]),
        "heads": st.sampled_from(["own", "shared"]),
        "classes": st.integers(2, 3),
        "standardise": st.booleans(),
    }
)


@settings(max_examples=60)
@given(models, st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_what_if_on_a_part_equals_a_run_on_a_bag_of_just_those_tiles(model, N, seed):
    checkpoint, bag = a_checkpoint(**model), a_bag(N, seed=seed)
    kept = np.random.default_rng(seed).random(N) < 0.6
    kept[seed % N] = True

    asked = aggregate(predict_bag(checkpoint, bag, device="cpu").tile_outputs, kept)

    run = predict(checkpoint, bag[kept], device="cpu")
    np.testing.assert_allclose(asked.logits, run.logits, atol=1e-5)
    np.testing.assert_allclose(asked.probabilities, run.probabilities, atol=1e-5)
    for part, alone in zip(asked.stages, run.stages, strict=True):
        assert (part.claimed[kept] == alone.claimed).all()
        np.testing.assert_allclose(part.attention[kept], alone.attention, atol=1e-5)
        np.testing.assert_allclose(part.evidence[kept], alone.evidence, atol=1e-5)
        np.testing.assert_allclose(part.logits, alone.logits, atol=1e-5)
        assert part.beta == pytest.approx(alone.beta, abs=1e-5)
        assert np.isnan(part.attention[~kept]).all()
        assert not part.claimed[~kept].any()
        assert not part.evidence[~kept].any()


def part_of(tile_outputs, kept):
    """What the model would have computed of a bag of just those tiles."""
    fusion = tile_outputs.fusion
    return replace(
        tile_outputs,
        scores=tile_outputs.scores[:, kept],
        tile_logits=tile_outputs.tile_logits[kept],
        stage_tile_logits=tile_outputs.stage_tile_logits[:, kept],
        fusion=None if fusion is None else replace(fusion, inner=fusion.inner[kept]),
    )


@settings(max_examples=60)
@given(models, st.integers(2, 60), st.sampled_from([1, 10, 100]))
def test_a_part_is_answered_exactly_however_far_its_scores_are_below_those_of_the_rest(model, N, scale):
    whole = predict_bag(a_checkpoint(**model), a_bag(N, seed=model["seed"]), device="cpu").tile_outputs
    whole = replace(whole, scores=whole.scores * np.float32(scale))
    kept = whole.scores[0] <= np.median(whole.scores[0])

    asked, alone = aggregate(whole, kept), aggregate(part_of(whole, kept))

    np.testing.assert_allclose(asked.logits, alone.logits, atol=1e-5)
    for part, its in zip(asked.stages, alone.stages, strict=True):
        assert (part.claimed[kept] == its.claimed).all()
        np.testing.assert_allclose(part.attention[kept], its.attention, atol=1e-5)
        np.testing.assert_allclose(part.evidence[kept], its.evidence, atol=1e-5)


@settings(max_examples=40)
@given(models, st.integers(1, 60))
def test_the_answer_is_the_networks_own(model, N):
    import torch

    checkpoint, network = a_checkpoint(**model), a_network(**model)
    bag = a_bag(N, seed=model["seed"])

    with torch.inference_mode():
        output = network(torch.from_numpy(bag)[None])
    said = predict(checkpoint, bag, device="cpu")

    np.testing.assert_allclose(said.logits, output.logits[0], atol=1e-5)
    np.testing.assert_allclose([stage.beta for stage in said.stages], output.beta[0], atol=1e-5)
    for index, stage in enumerate(said.stages):
        assert (stage.claimed == output.claimed[0, index].numpy()).all()
        assert (np.isfinite(stage.attention) == output.shown[0, index].numpy()).all()
        np.testing.assert_allclose(np.nan_to_num(stage.attention), output.attention[0, index], atol=1e-5)


@pytest.mark.parametrize("fusion", ["mean", "attention"])
def test_probabilities_alone_are_those_of_the_whole_answer(fusion):
    tile_outputs = predict_bag(a_checkpoint(fusion=fusion), a_bag(40), device="cpu").tile_outputs
    kept = np.arange(40) % 3 > 0

    np.testing.assert_allclose(
        aggregate_probabilities(tile_outputs, kept), aggregate(tile_outputs, kept).probabilities, atol=1e-6
    )
    np.testing.assert_allclose(aggregate_probabilities(tile_outputs), aggregate(tile_outputs).probabilities, atol=1e-6)


def test_the_order_in_which_tiles_are_taken_away_does_not_matter_to_equal_tiles():
    bag = np.repeat(a_bag(1), 12, axis=0)
    tile_outputs = predict_bag(a_checkpoint(k=2), bag, device="cpu").tile_outputs

    answers = [aggregate(tile_outputs, np.arange(12) >= left).probabilities for left in (1, 3, 6)]

    np.testing.assert_allclose(answers, [aggregate(tile_outputs).probabilities] * 3, atol=1e-6)


def test_no_tiles_have_no_answer():
    tile_outputs = predict_bag(a_checkpoint(), a_bag(5), device="cpu").tile_outputs

    with pytest.raises(ValueError, match="at least one"):
        aggregate(tile_outputs, np.zeros(5, bool))


def test_a_model_that_refines_tiles_remembers_none_of_them():
    predicted = predict_bag(a_checkpoint("paper", features=16, hidden=16), a_bag(20, P=16), device="cpu")

    assert predicted.tile_outputs is None
    assert predicted.prediction.bias is None
