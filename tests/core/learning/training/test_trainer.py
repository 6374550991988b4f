"""Steps of a training: however the bags of a step are divided, the result is the same."""

import numpy as np
import pytest
import torch

from msm_mil_core.learning.dataset.split_options import SplitOptions
from msm_mil_core.learning.dataset.splits import split_bags
from msm_mil_core.learning.evaluation.evaluate import evaluate_model
from msm_mil_core.learning.training.model_changes import ModelChanges
from msm_mil_core.learning.training.train import train
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.learning.training.trainer import choose_training_precision
from msm_mil_core.mil.masking import stages_shown
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.mil.model_options import ModelOptions
from msm_mil_core.mil.network import MsmMil
from msm_mil_core.progress import finish
from tests.bags import P, labelled, some_options, two_kinds_of_bags

WITHOUT_EFFECT = ("score_bias", "fusion.3.bias")
"""Biases before a softmax: their gradient is 0 but for rounding, of which the optimiser makes steps."""
SMALL = {"hidden": 8, "attention": 4, "dropout": 0.0, "standardise": True}


def uneven_bags(count: int = 33):
    """Bags of 1 to 12 tiles, so that not every stage is shown tiles of each, and one class rarer than the other."""
    rng = np.random.default_rng(0)
    bags = {f"s{n}": rng.normal(n % 3 == 0, 1, (rng.integers(1, 13), P)).astype(np.float32) for n in range(count)}
    return labelled(bags, ["x" if n % 3 else "y" for n in range(count)])


def is_close(one: Checkpoint, other: Checkpoint) -> bool:
    names = [name for name in one.state if name not in WITHOUT_EFFECT]
    return all(np.allclose(one.state[name], other.state[name], rtol=1e-3, atol=2e-5) for name in names)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"lambda_s": 0.3, "lambda_beta": 0.1, "fusion": "attention"},
        {
            "lambda_s": 0.3,
            "stage_loss": "beta",
            "fusion": "attention",
            "fusion_width": 4,
            "lambda_c": 0.2,
            "k_share": 0.2,
        },
        {"lambda_c": 0.5, "k_share": 0.4},
    ],
)
def test_steps_in_several_parts_are_steps_of_all_their_bags(changes):
    same = some_options(model=ModelChanges(**SMALL | changes), epochs=3, learning_rate=1e-3, tiles_per_bag=9)
    split = split_bags(uneven_bags(), same.split)

    whole = finish(train(split, same.replace(bags_per_step=6)))
    parted = finish(train(split, same.replace(bags_per_step=1, accumulate=6)))
    halves = finish(train(split, same.replace(bags_per_step=4, accumulate=2)))

    assert is_close(whole, parted)
    assert not is_close(whole, halves)  # steps of 8: the law is of the bags in a step, not of any number
    aucs = [finish(evaluate_model(one, split.part("val"))).metrics.auc.value for one in (whole, parted)]
    assert aucs[0] == pytest.approx(aucs[1])


@pytest.mark.parametrize(
    "changes", [{}, {"k": 2, "min_keep": 0}, {"k_share": 0.3}, {"claim_mass": 0.7}, {"mask_mode": "never"}]
)
def test_how_many_stages_are_shown_tiles_is_what_the_network_does(changes):
    options = ModelOptions(**{"features": P, "classes": 2, "hidden": 4, "masked_stages": 3, "k": 4} | changes)
    network = MsmMil(options).train()

    tiles = torch.arange(1, 20)
    shown = [int(network(torch.randn(1, count, P)).shown.any(-1).sum()) for count in tiles]
    assert stages_shown(tiles, options).tolist() == shown


@pytest.mark.parametrize(
    ("requested", "device", "has_it", "chosen"),
    [
        ("auto", "cuda", True, "bfloat16"),
        ("auto", "cuda", False, "float32"),
        ("auto", "cpu", False, "float32"),
        ("auto", "mps", False, "float32"),
        ("float32", "cuda", True, "float32"),
        ("bfloat16", "cpu", False, "bfloat16"),
        ("float16", "cuda", True, "float16"),
    ],
)
def test_half_precision_is_chosen_where_the_device_has_it(requested, device, has_it, chosen):
    assert choose_training_precision(requested, device, has_bfloat16=has_it) == chosen


def test_a_model_learns_in_half_precision_too():
    split = split_bags(two_kinds_of_bags(), SplitOptions())

    trained = finish(train(split, some_options(precision="bfloat16")))

    assert trained.record["precision"] == "bfloat16"
    assert finish(evaluate_model(trained, split.part("test"))).metrics.auc.value > 0.9
    assert all(weight.dtype == np.float32 for weight in trained.state.values())


def test_half_precision_cannot_be_misspelt():
    with pytest.raises(ValueError, match="precision"):
        TrainOptions(precision="half")
