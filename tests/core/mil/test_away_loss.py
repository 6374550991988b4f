"""The loss that makes stages turn from what earlier ones claimed, and its effect in training."""

import math

import numpy as np
import pytest
import torch

from msm_mil_core.mil.away_loss import LEAST_LEFT, away_loss
from msm_mil_core.mil.network import MsmMil, loss
from tests.models import model_options


def claims(*tiles: int, stages: int = 3, N: int = 6) -> torch.Tensor:
    """Return (1, S, N): each stage claims one tile."""
    claimed = torch.zeros(1, stages, N, dtype=torch.bool)
    for stage, tile in enumerate(tiles):
        claimed[0, stage, tile] = True
    return claimed


def test_it_is_the_log_of_the_attention_left_for_unclaimed_tiles():
    scores = torch.randn(4, 3, 20, generator=torch.Generator().manual_seed(0))
    claimed = torch.zeros(4, 3, 20, dtype=torch.bool)
    claimed[:, 0, :3] = claimed[:, 1, 3:5] = claimed[:, 2, 5:] = True
    valid = torch.ones(4, 20, dtype=torch.bool)
    valid[:, 18:] = False

    found = away_loss(scores, claimed, valid)

    shares = np.exp(scores.numpy()[..., :18])
    shares /= shares.sum(-1, keepdims=True)
    left = [1 - shares[:, 1, :3].sum(-1), 1 - shares[:, 2, :5].sum(-1)]
    assert found.item() == pytest.approx(-np.log(left).mean(), abs=1e-6)


def test_a_single_stage_and_a_stage_that_looks_elsewhere_lose_nothing():
    scores = torch.zeros(1, 3, 6)
    scores[0, 1, 0] = scores[0, 2, :2] = -50.0

    assert away_loss(scores[:, :1], claims(0, stages=1), torch.ones(1, 6, dtype=torch.bool)).item() == 0
    assert away_loss(scores, claims(0, 1, 2), torch.ones(1, 6, dtype=torch.bool)).item() == pytest.approx(0, abs=1e-6)


def test_where_all_is_claimed_the_loss_has_a_limit_and_no_nan():
    scores = torch.zeros(1, 2, 3, requires_grad=True)
    claimed = torch.ones(1, 2, 3, dtype=torch.bool)

    found = away_loss(scores, claimed, torch.ones(1, 3, dtype=torch.bool))
    found.backward()

    assert found.item() == pytest.approx(-math.log(LEAST_LEFT))
    assert torch.isfinite(scores.grad).all()


def test_training_with_it_makes_later_stages_leave_what_is_claimed():
    def wanted(lambda_c: float) -> float:
        torch.manual_seed(0)
        labels, bags = torch.arange(20) % 2, torch.randn(20, 12, 12)
        bags[labels == 1, :3, 0] += 6
        network = MsmMil(model_options(mask_mode="always", k=1, lambda_c=lambda_c))
        optimiser = torch.optim.AdamW(network.parameters(), 0.03)
        for _ in range(30):
            optimiser.zero_grad()
            loss(network(bags), labels, network.options).backward()
            optimiser.step()
        output = network.eval()(bags)
        return away_loss(output.scores, output.claimed, output.shown[:, 0]).item()

    assert wanted(1.0) < 0.5 * wanted(0.0)
