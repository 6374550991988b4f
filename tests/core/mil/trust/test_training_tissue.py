"""Tissue unlike what a model learnt: the same kind is near, another is far, and a few odd tiles change nothing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import mahalanobis

from msm_mil_core.errors import CheckpointError
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint, save_checkpoint
from msm_mil_core.mil.trust.tissue_distance import TissueDistance
from msm_mil_core.mil.trust.training_tissue import TrainingTissue
from tests.models import a_bag, a_checkpoint, a_training_tissue


def test_the_distance_is_that_of_mahalanobis_in_the_covariance_of_the_model():
    tissue, tiles = a_training_tissue(P=6), a_bag(5, P=6, seed=3)

    distances = tissue.tile_distances(tiles)

    along, rest = tissue.variances[:-1], tissue.variances[-1]
    covariance = rest * np.eye(6) + tissue.axes.T @ np.diag(along - rest) @ tissue.axes
    inverse = np.linalg.inv(covariance * np.outer(tissue.std, tissue.std))
    wanted = [mahalanobis(tile, tissue.mean, inverse) / np.sqrt(6) for tile in tiles]
    assert distances == pytest.approx(wanted, rel=1e-4)


@given(order=st.permutations(range(30)), factor=st.floats(1, 100))
def test_neither_order_nor_a_few_odd_tiles_matter_and_nothing_is_nearer_than_the_mean(order, factor):
    tissue, tiles = a_training_tissue(), a_bag(30)
    odd = tiles.copy()
    odd[np.argsort(tissue.tile_distances(tiles))[-10:]] *= factor  # some of the furthest go further still

    value = tissue.compare(tiles).value

    assert tissue.compare(tiles[list(order)]).value == pytest.approx(value)
    assert tissue.compare(odd).value == pytest.approx(value)
    assert tissue.tile_distances(tissue.mean[None]) == pytest.approx([0], abs=1e-6)
    assert (tissue.tile_distances(tiles) > 0).all()


@given(st.lists(st.floats(0.5, 2), min_size=5, max_size=30), st.floats(0, 4, width=16))
def test_tissue_is_unlike_only_beyond_every_held_out_bag(held_out, scale):
    tissue = replace(a_training_tissue(), held_out=np.sort(np.array(held_out, np.float32)))
    tiles = tissue.mean + np.float32(scale) * (a_bag(9) - tissue.mean)

    distance = tissue.compare(tiles)

    assert distance.limit >= max(held_out) - 1e-5
    assert distance.nearer == np.mean([float(other) < distance.value for other in tissue.held_out])
    assert distance.unlike == (distance.value > distance.limit) == bool(distance.warning)
    assert not distance.unlike or distance.nearer == 1


def test_the_warning_says_how_far_and_what_it_means():
    assert TissueDistance(3.0, 1.0, 1.4).warning == (
        "Tissue unlike what the model learnt (further away than 100 % of its held-out bags): the answer means nothing."
    )
    assert TissueDistance(1.2, 1.0, 1.4).warning == ""


def test_it_comes_back_from_the_model_file_and_the_weights_do_not_change(tmp_path):
    tissue, model = a_training_tissue(), a_checkpoint()

    save_checkpoint(replace(model, tissue=tissue), tmp_path / "a.safetensors")
    loaded = load_checkpoint(tmp_path / "a.safetensors")

    tiles = a_bag(9, seed=5)
    assert loaded.tissue.compare(tiles) == tissue.compare(tiles)
    assert loaded.state.keys() == model.state.keys()


def test_a_file_without_it_says_nothing(tmp_path):
    assert load_checkpoint(save_checkpoint(a_checkpoint(), tmp_path / "a.safetensors").path).tissue is None


@pytest.mark.parametrize(
    ("flaw", "told"),
    [
        ({"axes": np.ones((2, 5), np.float32)}, "axes has the shape"),
        ({"mean": np.zeros(3, np.float32)}, "mean has the shape"),
        ({"std": np.zeros(12, np.float32)}, "not positive"),
        ({"variances": np.full(4, np.nan, np.float32)}, "not finite"),
        ({"held_out": np.array([3, 2, 1, 4, 5], np.float32)}, "distances that rise"),
        ({"held_out": np.ones(4, np.float32)}, "5 or more"),
    ],
)
def test_a_file_that_says_it_wrongly_is_refused_by_name(tmp_path, flaw, told):
    model = replace(a_checkpoint(), tissue=replace(a_training_tissue(), **flaw))
    save_checkpoint(model, tmp_path / "odd.safetensors")

    with pytest.raises(CheckpointError, match=rf"odd\.safetensors does not say what the model learnt from.*{told}"):
        load_checkpoint(tmp_path / "odd.safetensors")


def test_an_array_that_is_missing_is_named():
    tensors = a_training_tissue().tensors()
    del tensors["axes"]

    with pytest.raises(ValueError, match="axes is missing"):
        TrainingTissue.of_tensors(tensors, 12)
