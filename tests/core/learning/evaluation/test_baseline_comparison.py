"""Whether stages earned their keep: the sentence follows from the paired difference, and from nothing else."""

import re

import numpy as np
import pytest

from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.evaluation.baseline_comparison import ONE_STAGE, compare_with_baselines
from msm_mil_core.learning.evaluation.predictions import Predictions
from tests.bags import labelled

COUNT = 60


def some_bags(count: int = COUNT, patients: int | None = None) -> BagDataset:
    tiles = {f"s{n}": np.zeros((1, 2), np.float32) for n in range(count)}
    owners = [f"p{n % (patients or count)}" for n in range(count)]
    return labelled(tiles, ["x", "y"] * (count // 2), patients=owners)


def predicted(title: str, bags: BagDataset, skill: float, seed: int = 0) -> Predictions:
    """Answers that are noise but for `skill`."""
    noise = np.random.default_rng(seed).normal(size=len(bags))
    positive = 1 / (1 + np.exp(-(noise + skill * (2 * bags.labels - 1))))
    return Predictions(title, bags.classes, bags.labels, np.stack([1 - positive, positive], 1))


@pytest.mark.parametrize(
    ("skill", "other", "start"),
    [
        (3, 0, "The stages earned their keep here: AUC "),
        (0, 3, "The stages did not earn their keep here: AUC "),
        (1, 1, "The stages did not earn their keep here: AUC "),
        (1.02, 1, "Whether the stages earned their keep cannot be told from these bags: AUC "),
    ],
)
def test_the_sentence_says_what_the_difference_shows(skill: float, other: float, start: str):
    bags = some_bags()
    baselines = [predicted("mean of tiles", bags, 9), predicted(ONE_STAGE, bags, other)]

    comparison = compare_with_baselines(predicted("mine", bags, skill), baselines, bags, "test")

    auc = comparison.differences[1].auc.by
    assert comparison.sentence.startswith(start)
    numbers = [float(found) for found in re.findall(r"[+-]?\d\.\d+", comparison.sentence)]
    own, theirs = comparison.model.metrics.auc.value, comparison.baselines[1].metrics.auc.value
    np.testing.assert_allclose(numbers, [own, theirs, auc.value, auc.low, auc.high], atol=6e-4)


def test_differences_are_those_of_the_aucs_and_paired():
    bags = some_bags()
    same = predicted(ONE_STAGE, bags, 1)

    comparison = compare_with_baselines(predicted("mine", bags, 1), [same], bags, "val")

    by = comparison.differences[0].auc.by
    assert (by.value, by.low, by.high) == (0, 0, 0)  # of the same answers on every resample
    assert comparison.differences[0].against == ONE_STAGE
    assert (comparison.part, comparison.patients, comparison.resamples) == ("val", COUNT, 1000)


def test_without_gated_abmil_there_is_no_sentence():
    bags = some_bags()

    comparison = compare_with_baselines(predicted("mine", bags, 1), [predicted("mean", bags, 0)], bags, "test")

    assert comparison.sentence == ""


def test_one_patient_alone_tells_nothing():
    bags = some_bags(patients=1)

    comparison = compare_with_baselines(predicted("mine", bags, 1), [predicted(ONE_STAGE, bags, 0)], bags, "test")

    assert "cannot be told: on these bags the difference has no interval" in comparison.sentence
