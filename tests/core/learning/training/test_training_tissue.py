"""What a training remembers of its tiles: the Gaussian that they were drawn from, and its held-out bags."""

import numpy as np
import pytest

from msm_mil_core.learning.dataset.training_data import read_training_data
from msm_mil_core.learning.training.train import train
from msm_mil_core.learning.training.training_tissue import AXES, TILES_PER_BAG, fit_training_tissue
from msm_mil_core.progress import finish
from tests.bags import labelled, some_options, two_kinds_of_bags

RNG_AXES = np.linalg.qr(np.random.default_rng(4).normal(size=(40, 3)))[0].T


def bags_of(spread, *, count=40, tiles=30, seed=0):
    """Bags of 40 features that vary along three directions, by `spread`, and a little along all others."""
    rng = np.random.default_rng(seed)
    drawn = [rng.normal(size=(tiles, 3)) * spread @ RNG_AXES + rng.normal(size=(tiles, 40)) * 0.3 for _ in range(count)]
    features = {f"s{index}": each.astype(np.float32) for index, each in enumerate(drawn)}
    return labelled(features, ["a", "b"] * (count // 2)).assign(test=range(5), val=range(5, 15))


def fitted(bags, seed=0):
    return finish(fit_training_tissue(finish(read_training_data(bags, keep_gib=1)), seed))


def test_training_tiles_are_about_one_away_and_the_axes_are_orthonormal():
    bags = bags_of(np.array([4, 3, 2]))

    tissue = fitted(bags)

    tiles = np.concatenate([bags.features(index) for index in bags.indices("train")])
    assert np.square(tissue.tile_distances(tiles)).mean() == pytest.approx(1, abs=0.02)
    assert tissue.axes @ tissue.axes.T == pytest.approx(np.eye(AXES), abs=1e-5)
    assert (np.diff(tissue.variances[:-1]) <= 0).all()


def test_tissue_of_another_kind_is_unlike_and_bags_of_the_same_kind_are_not():
    bags = bags_of(np.array([4, 3, 2]))
    tissue = fitted(bags)

    same = [tissue.compare(bags.features(int(index))) for index in bags.indices("test")]
    turned = bags_of(np.array([4, 3, 2]), seed=1).features(0)[:, ::-1]

    assert len(tissue.held_out) == 10
    assert not any(distance.unlike for distance in same)
    assert tissue.compare(turned).unlike


def test_of_large_bags_some_tiles_are_drawn_the_same_ones_for_the_same_seed():
    bags = bags_of(np.array([4, 3, 2]), count=20, tiles=2 * TILES_PER_BAG)

    first, again, other = fitted(bags), fitted(bags), fitted(bags, seed=1)

    assert all(np.array_equal(first.tensors()[name], again.tensors()[name]) for name in first.tensors())
    assert not np.array_equal(first.variances, other.variances)
    assert first.variances == pytest.approx(other.variances, rel=0.1)


@pytest.mark.parametrize("features", [1, 2, 12])
def test_few_features_and_features_that_never_vary_are_no_obstacle(features):
    constant = {f"s{index}": np.full((4, features), 3, np.float32) for index in range(20)}
    bags = labelled(constant, ["a", "b"] * 10).assign(test=range(5), val=range(5, 10))

    tissue = fitted(bags)

    assert not tissue.compare(bags.features(0)).unlike
    assert tissue.compare(bags.features(0) + 1).unlike


def test_every_trained_model_remembers_its_tissue_unless_few_bags_are_held_out():
    many, few = two_kinds_of_bags(40), two_kinds_of_bags(12)

    trained = [finish(train(bags, some_options(epochs=1))) for bags in (many, few)]

    assert trained[0].tissue is not None
    assert trained[1].tissue is None
