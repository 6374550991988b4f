"""The agreement of stages, and what a training makes of pressing on it."""

import numpy as np
import pytest
import torch

from msm_mil_core.learning.training.train import train
from msm_mil_core.learning.training.train_options import ModelChanges
from msm_mil_core.mil.diversity_penalty import diversity_penalty
from msm_mil_core.mil.predict import predict
from msm_mil_core.progress import finish
from tests.bags import some_options, two_kinds_of_bags


def everything(scores: torch.Tensor) -> torch.Tensor:
    return torch.ones_like(scores, dtype=torch.bool)


def test_stages_that_rank_alike_agree_wholly_whatever_their_scale():
    scores = torch.tensor([[[1.0, 2.0, 4.0], [10.0, 12.0, 16.0]]])

    assert diversity_penalty(scores, everything(scores)).item() == pytest.approx(1)


def test_opposites_and_a_single_stage_do_not_agree():
    opposite = torch.tensor([[[1.0, 2.0, 4.0], [-1.0, -2.0, -4.0]]])

    assert diversity_penalty(opposite, everything(opposite)).item() == 0
    assert diversity_penalty(opposite[:, :1], everything(opposite[:, :1])).item() == 0


def test_it_is_the_mean_of_numpys_correlations_over_what_both_saw():
    scores = torch.randn(2, 3, 40, generator=torch.Generator().manual_seed(0))
    scores[:, 1] += scores[:, 0]
    shown = torch.rand(2, 3, 40, generator=torch.Generator().manual_seed(1)) > 0.2

    found = diversity_penalty(scores, shown)

    expected = []
    for bag in range(2):
        for one, other in ((0, 1), (0, 2), (1, 2)):
            both = (shown[bag, one] & shown[bag, other]).numpy()
            expected.append(max(0, np.corrcoef(scores[bag, one][both], scores[bag, other][both])[0, 1]))
    assert found.item() == pytest.approx(np.mean(expected), abs=1e-6)


@pytest.mark.parametrize("tiles", [1, 2])
def test_few_tiles_and_none_in_common_give_no_nan(tiles: int):
    scores = torch.zeros(1, 2, tiles, requires_grad=True)
    shown = torch.zeros(1, 2, tiles, dtype=torch.bool)
    shown[:, 0, 0] = True

    diversity_penalty(scores, shown).backward()

    assert torch.isfinite(scores.grad).all()


def test_pressing_on_it_makes_stages_rank_tiles_differently():
    bags = two_kinds_of_bags()

    def median_agreement(lambda_d: float) -> float:
        options = some_options(model=ModelChanges(hidden=8, attention=4, mask_mode="train", lambda_d=lambda_d))
        trained = finish(train(bags, options))
        stages = [predict(trained, bags.features(index), device="cpu").stages for index in range(10)]
        return float(np.median([np.corrcoef(some[0].attention, some[1].attention)[0, 1] for some in stages]))

    assert median_agreement(1.0) < median_agreement(0.0) - 0.2
