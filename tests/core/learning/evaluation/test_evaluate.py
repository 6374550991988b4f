"""Evaluation: metrics, intervals and differences, as laws on predictions."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss, recall_score, roc_auc_score

from msm_mil_core.learning.evaluation.bootstrap import draw_resamples
from msm_mil_core.learning.evaluation.calibration import bin_predictions
from msm_mil_core.learning.evaluation.compare_models import subtract
from msm_mil_core.learning.evaluation.evaluate import evaluate
from msm_mil_core.learning.evaluation.metrics import METRICS, compute_metrics, resampled_metrics
from msm_mil_core.learning.evaluation.predictions import Predictions


def some_predictions(
    B: int = 120, C: int = 2, *, seed: int = 0, skill: float = 1.0, labels=None, decimals=9
) -> Predictions:
    """Predictions that are right more often than not."""
    rng = np.random.default_rng(seed)
    labels = np.arange(B) % C if labels is None else np.array(labels)
    logits = rng.normal(size=(len(labels), C)) + skill * np.eye(C)[labels]
    return Predictions("drawn", tuple(f"class {c}" for c in range(C)), labels, softmax(logits.round(decimals), axis=1))


def each_its_own(predictions: Predictions) -> list[str]:
    return [f"patient {number}" for number in range(len(predictions.labels))]


def reordered(predictions: Predictions, order: np.ndarray) -> Predictions:
    return replace(predictions, labels=predictions.labels[order], probabilities=predictions.probabilities[order])


def test_a_model_that_is_always_right_is_off_by_its_lack_of_confidence():
    labels = np.arange(60) % 2
    predictions = some_predictions(labels=labels)
    predictions = replace(predictions, probabilities=np.where(np.eye(2)[labels] > 0, 0.9, 0.1))

    evaluation = evaluate(predictions, draw_resamples(each_its_own(predictions))).metrics

    assert evaluation.ece.value == pytest.approx(0.1)
    for perfect in (
        evaluation.auc,
        evaluation.accuracy,
        evaluation.balanced_accuracy,
        evaluation.macro_f1,
        *evaluation.recalls,
    ):
        assert (perfect.value, perfect.low, perfect.high) == (1, 1, 1)


def test_calibration_error_is_the_gap_of_each_bin_by_its_bags():
    confidence = np.array([0.5, 0.5, 0.8, 0.8, 1.0])  # 0.8 is the upper edge of its bin
    predictions = Predictions(
        "by hand", ("a", "b"), np.array([0, 1, 0, 0, 0]), np.stack([confidence, 1 - confidence], 1)
    )

    bins = bin_predictions(predictions)

    assert bins.counts[[7, 11, 14]].tolist() == [2, 2, 1]
    assert bins.counts.sum() == 5
    assert bins.accuracy[[7, 11, 14]].tolist() == [0.5, 1, 1]
    assert float(bins.ece) == pytest.approx(2 / 5 * 0.2)


@pytest.mark.parametrize("C", [2, 3, 5])
@pytest.mark.parametrize("decimals", [9, 1])
def test_metrics_are_those_of_scikit_learn_with_ties_too(C: int, decimals: int):
    predictions = some_predictions(C=C, decimals=decimals)

    computed = compute_metrics(predictions)

    labels, predicted = predictions.labels, predictions.predicted
    assert computed.accuracy == np.mean(labels == predicted)
    assert computed.balanced_accuracy == pytest.approx(balanced_accuracy_score(labels, predicted))
    assert computed.macro_f1 == pytest.approx(f1_score(labels, predicted, average="macro"))
    assert computed.log_loss == pytest.approx(log_loss(labels, predictions.probabilities))
    shares = predictions.probabilities if C > 2 else predictions.probabilities[:, 1]
    assert computed.auc == pytest.approx(roc_auc_score(labels, shares, multi_class="ovr"))
    assert computed.recalls == pytest.approx(recall_score(labels, predicted, average=None))


@pytest.mark.parametrize("C", [2, 3])
def test_a_resample_is_evaluated_as_if_its_bags_were_all_there_are(C: int):
    predictions = some_predictions(30, C)
    resamples = draw_resamples([str(number // 2) for number in range(30)], count=20)

    drawn = resampled_metrics(predictions, resamples)

    for index, counts in enumerate(resamples.counts.astype(int)):
        computed = compute_metrics(reordered(predictions, np.repeat(np.arange(30), counts)))
        for name in METRICS:
            assert getattr(drawn, name)[index] == pytest.approx(getattr(computed, name)), name
        assert [recall[index] for recall in drawn.recalls] == pytest.approx(computed.recalls)


@pytest.mark.parametrize("seed", range(5))
def test_intervals_hold_the_estimate(seed: int):
    predictions = some_predictions(80, 3, seed=seed)

    evaluation = evaluate(predictions, draw_resamples(each_its_own(predictions))).metrics

    for metric in [getattr(evaluation, name) for name in METRICS] + list(evaluation.recalls):
        assert metric.low < metric.value < metric.high


def test_the_order_of_bags_does_not_matter():
    predictions, other = some_predictions(C=3), some_predictions(C=3, seed=1)
    patients = np.array([f"p{number // 3}" for number in range(120)])
    order = np.random.default_rng(2).permutation(120)

    one = subtract(predictions, other, draw_resamples(patients))
    two = subtract(reordered(predictions, order), reordered(other, order), draw_resamples(patients[order]))

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


def test_bags_of_few_patients_say_less_than_as_many_bags_of_many():
    blocks = np.repeat(np.arange(2), 6).tolist() * 10
    predictions = some_predictions(labels=blocks, skill=0.3)
    alike = replace(predictions, probabilities=predictions.probabilities[np.arange(120) // 6 * 6])

    of_few = evaluate(alike, draw_resamples([str(number // 6) for number in range(120)])).metrics.auc
    of_many = evaluate(alike, draw_resamples(each_its_own(alike))).metrics.auc

    assert of_few.high - of_few.low > 1.5 * (of_many.high - of_many.low)


def test_a_model_does_not_differ_from_itself():
    predictions = some_predictions()

    itself = subtract(predictions, predictions, draw_resamples(each_its_own(predictions)))

    for paired in (itself.auc, itself.balanced_accuracy):
        assert (paired.by.value, paired.by.low, paired.by.high, paired.p) == (0, 0, 0, 1)


def test_two_models_swapped_differ_by_the_opposite():
    predictions, other = some_predictions(skill=2), some_predictions(seed=1, skill=0.2)
    resamples = draw_resamples(each_its_own(predictions))

    there, back = subtract(predictions, other, resamples).auc, subtract(other, predictions, resamples).auc

    assert there.by.low > 0
    assert there.p < 0.05
    assert (back.by.value, back.by.low, back.by.high) == pytest.approx((-there.by.value, -there.by.high, -there.by.low))
    assert back.p == there.p


def test_one_class_alone_has_no_auc_and_says_why():
    predictions = some_predictions(labels=[1] * 20)

    evaluation = evaluate(predictions, draw_resamples(each_its_own(predictions)))

    assert math.isnan(evaluation.metrics.auc.value)
    assert evaluation.metrics.balanced_accuracy.value == evaluation.metrics.accuracy.value
    assert "AUC is undefined because all bags are class 1" in evaluation.notes[0]


def test_classes_that_no_bag_has_are_left_out_of_means():
    predictions = some_predictions(C=3, labels=[0, 2] * 30)

    evaluation = evaluate(predictions, draw_resamples(each_its_own(predictions)))

    recalls = [recall.value for recall in evaluation.metrics.recalls]
    assert math.isnan(recalls[1])
    assert evaluation.metrics.balanced_accuracy.value == pytest.approx((recalls[0] + recalls[2]) / 2)
    assert evaluation.metrics.auc.low < evaluation.metrics.auc.value < evaluation.metrics.auc.high
    assert evaluation.notes == ("No bag is class 1: means over classes leave that out.",)


def test_one_patient_alone_has_no_interval_and_says_why():
    predictions = some_predictions(10)

    evaluation = evaluate(predictions, draw_resamples(["a"] * 10))

    assert math.isnan(evaluation.metrics.ece.low)
    assert math.isnan(subtract(predictions, predictions, draw_resamples(["a"] * 10)).auc.p)
    assert "all bags are of one patient" in evaluation.notes[0]


def test_the_summary_has_none_where_a_metric_is_undefined():
    of_two, of_one = some_predictions(200), some_predictions(labels=[1] * 20)

    summary = evaluate(of_two, draw_resamples(each_its_own(of_two))).summary()

    assert summary["bags"] == 200
    assert summary["auc_low"] < summary["auc"] < summary["auc_high"]
    assert evaluate(of_one, draw_resamples(each_its_own(of_one))).summary()["auc"] is None
