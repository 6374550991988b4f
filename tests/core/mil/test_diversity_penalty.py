"""The agreement of stages, and the effect of penalising it in training."""

import numpy as np
import pytest
import torch

from msm_mil_core.mil.diversity_penalty import diversity_penalty
from msm_mil_core.mil.network import MsmMil, loss
from tests.models import model_options


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


def test_training_with_it_makes_stages_rank_tiles_differently():
    def median_agreement(lambda_d: float) -> float:
        torch.manual_seed(0)
        labels, bags = torch.arange(20) % 2, torch.randn(20, 12, 12)
        bags[labels == 1, :3, 0] += 6
        network = MsmMil(model_options(mask_mode="never", lambda_d=lambda_d))
        optimiser = torch.optim.AdamW(network.parameters(), 0.03)
        for _ in range(30):
            optimiser.zero_grad()
            loss(network(bags), labels, network.options).backward()
            optimiser.step()
        attention = network.eval()(bags).attention.detach().numpy()
        return float(np.median([np.corrcoef(first, second)[0, 1] for first, second, _ in attention]))

    assert median_agreement(1.0) < median_agreement(0.0) - 0.2
