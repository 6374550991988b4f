"""One value per tile, made from several stages."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.selection import top_tiles
from msm_mil_core.explain.tile_values import (
    evidence_of,
    evidence_sum,
    found_by,
    rank_difference,
    ranks,
    winner_stage,
)
from msm_mil_core.mil.predict import predict
from tests.models import a_bag, a_checkpoint
from tests.results import a_prediction


def stages_that_look(*attention):
    """A prediction whose stages attend as drawn, NaN where a tile was not shown."""
    drawn = a_prediction(len(attention[0]), S=len(attention))
    looks = (np.asarray(each, np.float32) for each in attention)
    return replace(drawn, stages=tuple(replace(s, attention=a) for s, a in zip(drawn.stages, looks, strict=True)))


def test_a_tile_is_found_by_the_stages_that_have_it_at_their_top():
    prediction = stages_that_look([0.7, 0.1, 0.1, 0.1], [0.4, 0.5, 0.1, np.nan])

    assert found_by(prediction, 50).tolist() == [2, 2, 0, 0]
    assert found_by(prediction, 25).tolist() == [1, 1, 0, 0]


@given(st.integers(1, 60), st.integers(1, 4), st.booleans(), st.floats(0.1, 100))
def test_finds_add_up_to_the_sizes_of_the_tops(N, S, masks, percent):
    prediction = a_prediction(N, S=S, masks=masks)

    found = found_by(prediction, percent)

    assert found.sum() == sum(top_tiles(stage.attention, percent).sum() for stage in prediction.stages)
    assert found.max() <= S


def test_the_winner_is_the_stage_that_looks_most_and_the_earlier_of_equals():
    prediction = stages_that_look([0.5, 0.2, np.nan, np.nan], [0.4, 0.2, 0.4, np.nan], [0.1, 0.9, 0.0, np.nan])

    assert winner_stage(prediction).tolist()[:3] == [1, 3, 2]
    assert winner_stage(stages_that_look([0.5, 0.5], [0.5, 0.5])).tolist() == [1, 1]
    assert np.isnan(winner_stage(prediction)[3])


def test_rank_differences_are_drawn():
    prediction = stages_that_look([0.1, 0.2, 0.7, np.nan], [0.7, 0.1, 0.1, 0.1])

    difference = rank_difference(prediction, 0, 1)

    assert difference[:3].tolist() == pytest.approx([0 - 1, 1 / 2 - 1 / 3, 1 - 1 / 3])
    assert np.isnan(difference[3])


@given(st.integers(1, 60), st.integers(0, 100), st.booleans())
def test_rank_differences_are_opposite_the_other_way_round(N, seed, masks):
    prediction = a_prediction(N, seed=seed, masks=masks)

    one_way, back = rank_difference(prediction, 0, 2), rank_difference(prediction, 2, 0)

    np.testing.assert_array_equal(one_way, -back)
    assert (np.abs(one_way[np.isfinite(one_way)]) <= 1).all()
    np.testing.assert_array_equal(np.isnan(one_way), np.isnan(prediction.stages[2].attention))


@given(st.lists(st.integers(0, 5), min_size=2, max_size=40).filter(lambda drawn: len(set(drawn)) > 1))
def test_ranks_are_mean_ranks_from_0_to_1(drawn):
    expected = (rankdata(drawn) - 1) / (len(drawn) - 1)

    np.testing.assert_allclose(ranks(np.array([*drawn, np.nan], np.float32)), [*expected, np.nan], atol=1e-12)


@pytest.mark.parametrize("attention", [[0.25] * 4, [1.0]])
def test_tiles_that_are_all_looked_at_alike_are_in_the_middle(attention):
    assert set(ranks(np.array(attention, np.float32)).tolist()) == {0.5}


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.sampled_from(["default", "explain"]), st.integers(0, 100), st.integers(0, 1))
def test_evidence_of_a_model_adds_up_to_its_logit(N, preset, seed, class_index):
    prediction = predict(a_checkpoint(preset, seed=seed), a_bag(N, seed=seed), device="cpu")

    added = evidence_sum(prediction, class_index)

    assert added.bias + sum(added.stages) == pytest.approx(added.logit, abs=1e-5)
    assert added.logit == prediction.logits[class_index]


def test_evidence_through_all_stages_is_that_through_each():
    prediction = a_prediction(20, S=3, masks=True)

    by_stage = [evidence_of(prediction, 1, stage) for stage in range(3)]

    np.testing.assert_allclose(evidence_of(prediction, 1), sum(by_stage), atol=1e-6)
    assert evidence_sum(prediction, 1).stages == pytest.approx([each.sum() for each in by_stage], abs=1e-5)


def test_a_hidden_tile_adds_nothing():
    drawn = a_prediction(2, S=1)
    hidden = np.array([[1.5, -1.5], [np.nan, np.nan]], np.float32)
    prediction = replace(drawn, stages=(replace(drawn.stages[0], evidence=hidden),))

    assert evidence_of(prediction, 1, 0).tolist() == [-1.5, 0]
    assert evidence_of(prediction, 1).tolist() == [-1.5, 0]


@pytest.mark.parametrize("asked", [evidence_of, evidence_sum])
def test_a_model_with_a_refinement_block_is_told_to_have_no_evidence(asked):
    prediction = predict(a_checkpoint("paper"), a_bag(12), device="cpu")

    with pytest.raises(QuestionError, match=r"preset paper.*presets default and explain"):
        asked(prediction, 0)


@pytest.mark.parametrize(
    ("asked", "numbers", "what"),
    [
        (evidence_of, (2,), "class 2"),
        (evidence_of, (0, 3), "stage 3"),
        (evidence_sum, (-1,), "class -1"),
        (rank_difference, (0, 3), "stage 3"),
    ],
)
def test_what_does_not_exist_cannot_be_asked_for(asked, numbers, what):
    with pytest.raises(ValueError, match=what):
        asked(a_prediction(5, S=3, C=2), *numbers)
