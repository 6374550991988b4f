"""Evaluation: figures, intervals and differences, as laws on answers."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss, recall_score

from msm_mil_core.learning.evaluation.bootstrap import draw_resamples
from msm_mil_core.learning.evaluation.calibration import bin_predictions
from msm_mil_core.learning.evaluation.compare_models import subtract
from msm_mil_core.learning.evaluation.evaluate import auc, evaluate
from msm_mil_core.learning.evaluation.metrics import FIGURES, resampled_metrics, score
from msm_mil_core.learning.evaluation.predictions import Predictions


def some_answers(B: int = 120, C: int = 2, *, seed: int = 0, skill: float = 1.0, labels=None) -> Predictions:
    """Predictions that are right more often than not."""
    rng = np.random.default_rng(seed)
    labels = np.arange(B) % C if labels is None else np.array(labels)
    logits = rng.normal(size=(len(labels), C)) + skill * np.eye(C)[labels]
    return Predictions("drawn", tuple(f"class {c}" for c in range(C)), labels, softmax(logits, axis=1))


def each_its_own(answers: Predictions) -> list[str]:
    return [f"patient {number}" for number in range(len(answers.labels))]


def reordered(answers: Predictions, order: np.ndarray) -> Predictions:
    return replace(answers, labels=answers.labels[order], probabilities=answers.probabilities[order])


def test_a_model_that_is_always_right_errs_by_what_it_is_less_than_sure():
    labels = np.arange(60) % 2
    answers = some_answers(labels=labels)
    answers = replace(answers, probabilities=np.where(np.eye(2)[labels] > 0, 0.9, 0.1))

    judged = evaluate(answers, draw_resamples(each_its_own(answers))).scores

    assert judged.ece.value == pytest.approx(0.1)
    for perfect in (judged.auc, judged.accuracy, judged.balanced_accuracy, judged.macro_f1, *judged.recalls):
        assert (perfect.value, perfect.low, perfect.high) == (1, 1, 1)


def test_calibration_error_is_the_gap_of_each_bin_by_its_bags():
    sure = np.array([0.5, 0.5, 0.8, 0.8, 1.0])  # 0.8 is the upper edge of its bin
    answers = Predictions("by hand", ("a", "b"), np.array([0, 1, 0, 0, 0]), np.stack([sure, 1 - sure], 1))

    bins = bin_predictions(answers)

    assert bins.counts[[7, 11, 14]].tolist() == [2, 2, 1]
    assert bins.counts.sum() == 5
    assert bins.accuracy[[7, 11, 14]].tolist() == [0.5, 1, 1]
    assert float(bins.ece) == pytest.approx(2 / 5 * 0.2)


@pytest.mark.parametrize("C", [2, 3, 5])
def test_figures_are_those_of_scikit_learn(C: int):
    answers = some_answers(C=C)

    told = score(answers)

    labels, predicted = answers.labels, answers.predicted
    assert told.accuracy == np.mean(labels == predicted)
    assert told.balanced_accuracy == pytest.approx(balanced_accuracy_score(labels, predicted))
    assert told.macro_f1 == pytest.approx(f1_score(labels, predicted, average="macro"))
    assert told.log_loss == pytest.approx(log_loss(labels, answers.probabilities))
    assert told.auc == pytest.approx(auc(labels, answers.probabilities))
    assert told.recalls == pytest.approx(recall_score(labels, predicted, average=None))


@pytest.mark.parametrize("C", [2, 3])
def test_a_resample_is_measured_as_if_its_bags_were_all_there_are(C: int):
    answers = some_answers(30, C)
    resamples = draw_resamples([str(number // 2) for number in range(30)], count=20)

    drawn = resampled_metrics(answers, resamples)

    for index, counts in enumerate(resamples.counts.astype(int)):
        told = score(reordered(answers, np.repeat(np.arange(30), counts)))
        for name in FIGURES:
            assert getattr(drawn, name)[index] == pytest.approx(getattr(told, name)), name
        assert [recall[index] for recall in drawn.recalls] == pytest.approx(told.recalls)


@pytest.mark.parametrize("seed", range(5))
def test_intervals_hold_the_estimate(seed: int):
    answers = some_answers(80, 3, seed=seed)

    judged = evaluate(answers, draw_resamples(each_its_own(answers))).scores

    for figure in [getattr(judged, name) for name in FIGURES] + list(judged.recalls):
        assert figure.low < figure.value < figure.high


def test_the_order_of_bags_does_not_matter():
    answers, other = some_answers(C=3), some_answers(C=3, seed=1)
    patients = np.array([f"p{number // 3}" for number in range(120)])
    order = np.random.default_rng(2).permutation(120)

    one = subtract(answers, other, draw_resamples(patients))
    two = subtract(reordered(answers, order), reordered(other, order), draw_resamples(patients[order]))

    for name in ("auc", "balanced_accuracy"):
        first, second = getattr(one, name), getattr(two, name)
        assert (second.by.value, second.by.low, second.by.high, second.p) == pytest.approx(
            (first.by.value, first.by.low, first.by.high, first.p)
        )


def test_whole_patients_are_drawn():
    counts = draw_resamples(["a", "a", "b", "c", "c", "c"]).counts

    assert (counts[:, 0] == counts[:, 1]).all()
    assert (counts[:, [3]] == counts[:, 4:]).all()
    assert (counts[:, [0, 2, 3]].sum(1) == 3).all()


def test_bags_of_few_patients_tell_less_than_as_many_bags_of_many():
    blocks = np.repeat(np.arange(2), 6).tolist() * 10
    answers = some_answers(labels=blocks, skill=0.3)
    alike = replace(answers, probabilities=answers.probabilities[np.arange(120) // 6 * 6])

    of_few = evaluate(alike, draw_resamples([str(number // 6) for number in range(120)])).scores.auc
    of_many = evaluate(alike, draw_resamples(each_its_own(alike))).scores.auc

    assert of_few.high - of_few.low > 1.5 * (of_many.high - of_many.low)


def test_a_model_does_not_differ_from_itself():
    answers = some_answers()

    itself = subtract(answers, answers, draw_resamples(each_its_own(answers)))

    for paired in (itself.auc, itself.balanced_accuracy):
        assert (paired.by.value, paired.by.low, paired.by.high, paired.p) == (0, 0, 0, 1)


def test_two_models_swapped_differ_by_the_opposite():
    answers, other = some_answers(skill=2), some_answers(seed=1, skill=0.2)
    resamples = draw_resamples(each_its_own(answers))

    there, back = subtract(answers, other, resamples).auc, subtract(other, answers, resamples).auc

    assert there.by.low > 0
    assert there.p < 0.05
    assert (back.by.value, back.by.low, back.by.high) == pytest.approx((-there.by.value, -there.by.high, -there.by.low))
    assert back.p == there.p


def test_one_class_alone_has_no_auc_and_says_why():
    answers = some_answers(labels=[1] * 20)

    judged = evaluate(answers, draw_resamples(each_its_own(answers)))

    assert math.isnan(judged.scores.auc.value)
    assert judged.scores.balanced_accuracy.value == judged.scores.accuracy.value
    assert "AUC cannot be told, for all bags are class 1" in judged.notes[0]


def test_classes_that_no_bag_shows_are_left_out_of_means():
    answers = some_answers(C=3, labels=[0, 2] * 30)

    judged = evaluate(answers, draw_resamples(each_its_own(answers)))

    recalls = [recall.value for recall in judged.scores.recalls]
    assert math.isnan(recalls[1])
    assert judged.scores.balanced_accuracy.value == pytest.approx((recalls[0] + recalls[2]) / 2)
    assert judged.scores.auc.low < judged.scores.auc.value < judged.scores.auc.high
    assert judged.notes == ("No bag is class 1: means over classes leave that out.",)


def test_one_patient_alone_has_no_interval_and_says_why():
    answers = some_answers(10)

    judged = evaluate(answers, draw_resamples(["a"] * 10))

    assert math.isnan(judged.scores.ece.low)
    assert math.isnan(subtract(answers, answers, draw_resamples(["a"] * 10)).auc.p)
    assert "all bags are of one patient" in judged.notes[0]
