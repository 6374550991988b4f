"""What an answer is worth: taken from the model's record, whatever is in it."""

from dataclasses import replace
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.mil.model_file.checkpoint import bundled_record, default_checkpoint_path, load_checkpoint
from msm_mil_core.mil.trust.answer_worth import TOO_CLOSE, weigh_answer
from msm_mil_core.mil.trust.held_out import HeldOut, held_out_of
from msm_mil_core.mil.trust.tissue_distance import TissueDistance
from tests.results import a_prediction, a_result

GOOD = {"bags": 400, "auc": 0.93, "auc_low": 0.9, "auc_high": 0.96, "ece": 0.03, "ece_low": 0.01, "ece_high": 0.05}


def a_record(part="test", *, patients=300, **figures):
    return {"figures": {part: GOOD | figures}, "split": {part: {"bags": 400, "patients": patients}}}


def said(*probabilities):
    prediction = a_prediction(20, C=len(probabilities))
    return replace(prediction, probabilities=np.array(probabilities, np.float32))


def test_an_answer_that_is_well_ahead_of_the_others_is_called():
    worth = weigh_answer(said(0.2, 0.7, 0.1), a_record())

    assert (worth.answer, worth.short, worth.close, worth.closeness) == ("class 1", "class 1", (), "")
    assert (worth.badge, worth.warning) == ("", "")
    assert worth.model == "AUC 0.93 (95 % interval 0.90 to 0.96; 0.5 is guessing) on 400 held-out bags of 300 patients."


def test_classes_within_twice_the_calibration_error_are_too_close_to_call():
    worth = weigh_answer(said(0.30, 0.36, 0.34), a_record(ece_high=0.025))

    assert (worth.answer, worth.close) == (TOO_CLOSE, ("class 1", "class 2"))
    assert worth.short == "too close to call: class 1 or class 2"
    assert worth.closeness.startswith("Too close to call between class 1 and class 2: less than 0.05 apart")


def test_a_tie_is_never_called():
    assert weigh_answer(said(0.5, 0.5), a_record(ece_high=0.0)).close == ("class 0", "class 1")


@given(
    probabilities=st.lists(st.floats(0.01, 1), min_size=2, max_size=6),
    worse=st.floats(0, 1),
    better=st.floats(0, 1),
)
def test_a_better_calibrated_model_calls_all_that_a_worse_one_does(probabilities, worse, better):
    better, worse = sorted((better, worse))
    prediction = said(*(np.array(probabilities) / sum(probabilities)))

    with_worse = weigh_answer(prediction, a_record(ece_high=worse))
    with_better = weigh_answer(prediction, a_record(ece_high=better))

    assert set(with_better.close) <= set(with_worse.close)
    assert with_better.answer in (TOO_CLOSE, prediction.winner)
    assert not with_better.close or with_better.close[0] == prediction.winner


def test_without_a_calibration_error_the_number_of_patients_says_how_well_it_can_be_known():
    many, few = a_record(ece_high=None, patients=900), a_record(ece_high=None, patients=9)

    assert held_out_of(many).error == pytest.approx(1.96 * 0.5 / 30)
    assert held_out_of(few).error == pytest.approx(1.96 * 0.5 / 3)
    assert held_out_of(a_record(ece_high=None, patients=0)).error == pytest.approx(1.96 * 0.5 / 20)  # of 400 bags
    assert weigh_answer(said(0.4, 0.6), many).answer == "class 1"
    assert weigh_answer(said(0.4, 0.6), few).answer == TOO_CLOSE


def test_a_model_without_an_evaluation_is_marked():
    worth = weigh_answer(said(0.2, 0.8), {"data": "slides"})

    assert worth.badge == "Model without an evaluation"
    assert worth.answer == "class 1"
    assert weigh_answer(said(0.45, 0.55), {}).answer == TOO_CLOSE


def test_a_model_that_is_near_chance_is_marked():
    worth = weigh_answer(said(0.2, 0.8), a_record(auc_low=0.42))

    assert worth.badge == "Model near chance"
    assert worth.warning.startswith("Model near chance: not to be relied on. AUC 0.93 (95 % interval 0.42 to 0.96;")


def test_an_answer_on_tissue_that_the_model_does_not_know_says_so_beside_its_class():
    unlike = weigh_answer(said(0.2, 0.8), a_record(), TissueDistance(3.0, 1.0, 1.4))
    like = weigh_answer(said(0.2, 0.8), a_record(), TissueDistance(1.3, 1.0, 1.4))

    assert unlike.short == "class 1 (unlike what it learnt)"
    assert "means nothing" in unlike.unlike
    assert (like.short, like.unlike) == ("class 1", "")


def test_the_bundled_model_says_itself_that_it_is_a_demonstration():
    model = load_checkpoint(default_checkpoint_path())
    worth = weigh_answer(said(*[1 / len(model.classes)] * len(model.classes)), model.record)

    assert worth.badge.startswith("Demonstration model")
    assert str(held_out_of(model.record)) in worth.warning
    assert worth.answer == TOO_CLOSE
    assert bundled_record(model.sha256) == model.record
    assert bundled_record("another") == {}


@pytest.mark.parametrize(
    ("record", "demonstration"),
    [
        ({"demonstration": True}, True),
        ({"demonstration": False, "limits": "a demonstration"}, False),
        ({"limits": "A demonstration, no more."}, True),
        ({"limits": "Research use."}, False),
    ],
)
def test_the_record_has_the_word(record, demonstration):
    assert held_out_of(record).demonstration is demonstration


def test_the_validation_part_stands_in_for_a_test_part_that_is_missing():
    assert held_out_of(a_record("val")) == held_out_of(a_record("test"))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["bags", "auc", "ece_high"]), inner),
    max_leaves=8,
)


@given(test=JUNK, split=JUNK, limits=JUNK, whole=st.none() | JUNK)
def test_whatever_a_record_holds_is_read_or_counts_as_unknown(test, split, limits, whole):
    record = whole or {"figures": {"test": test}, "split": {"test": split}, "limits": limits, "demonstration": limits}

    held_out, worth = held_out_of(record), weigh_answer(said(0.3, 0.7), record)

    assert isnan(held_out.auc) or 0 <= held_out.auc <= 1
    assert 0 <= held_out.error <= 1
    assert 0 <= worth.margin <= 1


def test_nothing_is_made_up():
    assert str(HeldOut(auc=0.7)) == "AUC 0.70 (0.5 is guessing) on held-out bags."
    assert not HeldOut(auc=0.7, auc_low=nan).near_chance
    assert a_result().worth.badge == "Model without an evaluation"
