"""A penalised regression on mean features: the simplest thing that a bag can be classified by."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm_mil_core.learning.evaluation.bootstrap import draw_resamples
from msm_mil_core.learning.evaluation.evaluate import evaluate
from msm_mil_core.learning.evaluation.ridge import MeanFeatures, fit_ridge, mean_features, predict_ridge
from tests.bags import labelled, two_kinds_of_bags

CLASSES = ("normal", "tumour")


def drawn(count: int, shift: float, seed: int, classes: int = 2) -> MeanFeatures:
    """Means whose first feature grows with the class."""
    labels = np.arange(count) % classes
    means = np.random.default_rng(seed).normal(size=(count, 5))
    means[:, 0] += shift * labels
    return MeanFeatures(means, labels)


def test_the_mean_of_a_bag_is_that_of_its_tiles_whatever_their_order():
    bags = two_kinds_of_bags(6)
    turned = labelled(
        {name: bags.features(index)[::-1] for index, name in enumerate(bags.names)},
        [bags.classes[label] for label in bags.labels],
    )

    found, again = mean_features(bags), mean_features(turned)

    np.testing.assert_allclose(found.means, again.means)
    np.testing.assert_allclose(found.means[2], bags.features(2).mean(0), rtol=1e-5)
    assert (found.labels == bags.labels).all()


@pytest.mark.parametrize("classes", [2, 3])
def test_what_the_means_tell_apart_is_told_apart(classes: int):
    train, val, test = (drawn(90, 6, seed, classes) for seed in range(3))

    predictions = predict_ridge(fit_ridge(train, val, balance=True), test, tuple("abc"[:classes]))

    assert evaluate(predictions, draw_resamples(list(map(str, range(90))))).metrics.auc.value > 0.98
    np.testing.assert_allclose(predictions.probabilities.sum(1), 1)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_the_scale_of_a_feature_does_not_matter(seed: int, scale: float):
    train, val, test = (drawn(24, 1, seed + part) for part in range(3))
    scaled = [MeanFeatures(one.means * scale, one.labels) for one in (train, val, test)]

    one = predict_ridge(fit_ridge(train, val, balance=True), test, CLASSES)
    other = predict_ridge(fit_ridge(scaled[0], scaled[1], balance=True), scaled[2], CLASSES)

    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-3)


def test_noise_is_answered_carefully_because_validation_bags_choose_the_penalty():
    train, val, test = (drawn(40, 0, seed) for seed in range(3))

    probabilities = predict_ridge(fit_ridge(train, val, balance=True), test, CLASSES).probabilities

    assert np.abs(probabilities - 0.5).max() < 0.2
