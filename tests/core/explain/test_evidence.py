"""What each tile adds to the logit of a class."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.evidence import evidence_of, evidence_sum
from msm_mil_core.mil.predict import predict
from tests.models import a_bag, a_checkpoint
from tests.results import a_prediction


@settings(max_examples=20)
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
