"""What each tile adds to the log-odds of a class."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.evidence import OTHERS, evidence_of, evidence_sum
from msm_mil_core.mil.predict import predict
from msm_mil_core.mil.prediction import TileEvidence
from tests.models import a_bag, a_checkpoint
from tests.results import a_prediction


@settings(max_examples=20)
@given(st.integers(1, 40), st.sampled_from(["default", "explain"]), st.integers(0, 100), st.integers(0, 1))
def test_evidence_of_a_model_adds_up_to_its_log_odds(N, preset, seed, class_index):
    prediction = predict(a_checkpoint(preset, seed=seed), a_bag(N, seed=seed), device="cpu")

    added = evidence_sum(prediction, class_index)

    assert added.bias + sum(added.stages) == pytest.approx(added.log_odds, abs=1e-5)
    assert added.over == prediction.classes[1 - class_index]
    odds = prediction.probabilities[class_index] / prediction.probabilities[1 - class_index]
    assert added.log_odds == pytest.approx(np.log(odds), abs=1e-4)


@pytest.mark.parametrize(
    ("negative", "class_index", "over", "weights"),
    [
        ("", 1, OTHERS, [-0.5, 1, -0.5]),
        ("class 0", 1, "class 0", [-1, 1, 0]),
        ("class 0", 0, OTHERS, [1, -0.5, -0.5]),
        ("class 2", 0, "class 2", [1, 0, -1]),
        ("no class of the model", 0, OTHERS, [1, -0.5, -0.5]),
    ],
)
def test_evidence_of_many_classes_is_over_the_negative_one_or_the_mean_of_the_others(
    negative, class_index, over, weights
):
    checkpoint = a_checkpoint(classes=3, record={"negative": negative})
    prediction = predict(checkpoint, a_bag(20), device="cpu")

    added = evidence_sum(prediction, class_index)

    assert added.over == over
    assert added.log_odds == pytest.approx(prediction.logits @ np.array(weights), abs=1e-5)
    logits = np.sum([stage.evidence for stage in prediction.stages], axis=0)  # (N, C)
    np.testing.assert_allclose(evidence_of(prediction, class_index), logits @ weights, atol=1e-6)


@given(st.floats(-50, 50))
def test_a_number_added_to_every_logit_changes_no_evidence(added):
    prediction = a_prediction(12, S=2, C=3)
    moved = replace(
        prediction,
        stages=tuple(
            replace(each, tile_evidence=TileEvidence.stored(each.evidence + np.float32(added)))
            for each in prediction.stages
        ),
    )

    np.testing.assert_allclose(evidence_of(moved, 1), evidence_of(prediction, 1), atol=1e-4)


def test_evidence_through_all_stages_is_that_through_each():
    prediction = a_prediction(20, S=3, masks=True)

    by_stage = [evidence_of(prediction, 1, stage) for stage in range(3)]

    np.testing.assert_allclose(evidence_of(prediction, 1), sum(by_stage), atol=1e-6)
    assert evidence_sum(prediction, 1).stages == pytest.approx([each.sum() for each in by_stage], abs=1e-5)


def test_a_hidden_tile_adds_nothing():
    drawn = a_prediction(2, S=1)
    hidden = np.array([[1.5, -1.5], [np.nan, np.nan]], np.float32)
    prediction = replace(drawn, stages=(replace(drawn.stages[0], tile_evidence=TileEvidence.stored(hidden)),))

    assert evidence_of(prediction, 1, 0).tolist() == [-3, 0]
    assert evidence_of(prediction, 1).tolist() == [-3, 0]


@pytest.mark.parametrize("asked", [evidence_of, evidence_sum])
def test_a_model_with_a_refinement_block_has_no_evidence(asked):
    prediction = predict(a_checkpoint("paper"), a_bag(12), device="cpu")

    with pytest.raises(QuestionError, match=r"preset paper.*presets default and explain"):
        asked(prediction, 0)


@pytest.mark.parametrize(
    ("asked", "numbers", "what"),
    [(evidence_of, (2,), "class 2"), (evidence_of, (0, 3), "stage 3"), (evidence_sum, (-1,), "class -1")],
)
def test_a_class_or_stage_that_does_not_exist_is_a_mistake(asked, numbers, what):
    with pytest.raises(ValueError, match=what):
        asked(a_prediction(5, S=3, C=2), *numbers)
