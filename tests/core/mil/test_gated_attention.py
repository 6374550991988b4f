"""Scoring tiles chunk by chunk gives what plain autograd gives, and its gradients."""

import pytest
import torch
from torch.nn import functional

from msm_mil_core.mil.gated_attention import STORED_SHARE, TILES_AT_ONCE, TileWeights, gated_scores, score_tiles

P, L, D, H = 7, 6, 5, 3


def tile_weights(dtype=torch.float32, *, sizes=(P, L, D, H), shift=True, seed=0):
    P, L, D, H = sizes
    drawn = torch.Generator().manual_seed(seed)

    def weight(*shape):
        return torch.randn(*shape, generator=drawn, dtype=dtype).mul_(0.5).requires_grad_()

    return TileWeights(
        weight(L, P), weight(L) if shift else None, weight(2 * H * D, L), weight(2 * H * D), weight(H, D)
    )


def tensors_of(weights):
    every = (weights.projection, weights.shift, weights.gates, weights.gate_bias, weights.score_weight)
    return [weight for weight in every if weight is not None]


def plainly(bags, weights):
    hidden = functional.linear(bags, weights.projection, weights.shift).relu()
    V, U = functional.linear(hidden, weights.gates, weights.gate_bias).view(*bags.shape[:2], 2, H, D).unbind(2)
    return hidden, torch.einsum("bnhd,hd->bhn", V.tanh() * U.sigmoid(), weights.score_weight)


def gradients(score, bags, weights):
    hidden, scores = score(bags, weights)
    pooled = scores.softmax(-1) @ hidden
    return torch.autograd.grad(pooled.square().sum() + scores.sin().sum(), [bags, *tensors_of(weights)])


@pytest.mark.parametrize("shift", [True, False])
@pytest.mark.parametrize(("bags", "tiles"), [(1, 1), (2, 30), (1, TILES_AT_ONCE + 1), (2, 3 * TILES_AT_ONCE)])
def test_it_says_what_the_plain_formula_says_and_so_do_its_gradients(bags, tiles, shift):
    features = torch.randn(bags, tiles, P, generator=torch.Generator().manual_seed(1)).requires_grad_()
    weights = tile_weights(shift=shift)

    found, wanted = score_tiles(features, weights), plainly(features, weights)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)
    both = (gradients(score, features, weights) for score in (score_tiles, plainly))
    for one, other in zip(*both, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5 * float(other.abs().max()))


@pytest.mark.parametrize("stored_share", [0.0, STORED_SHARE, 1.0])
def test_gradients_are_exact_in_double_precision_whatever_is_stored(monkeypatch, stored_share):
    monkeypatch.setattr("msm_mil_core.mil.gated_attention.TILES_AT_ONCE", 3)
    monkeypatch.setattr("msm_mil_core.mil.gated_attention.STORED_SHARE", stored_share)
    weights = tile_weights(torch.float64, sizes=(3, 4, 2, 2))
    features = torch.randn(2, 8, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2)).requires_grad_()

    def score(features, *tensors):
        return score_tiles(features, TileWeights(*tensors))

    assert torch.autograd.gradcheck(score, (features, *tensors_of(weights)))


def test_what_dropout_leaves_out_has_no_gradient_and_the_rest_is_scaled():
    weights, features = tile_weights(), torch.randn(1, 400, P).requires_grad_()

    hidden, _ = score_tiles(features, weights, dropout=0.5)
    (of_projection,) = torch.autograd.grad(hidden.sum(), [weights.projection])

    whole = plainly(features, weights)[0]
    left = (hidden > 0).float()
    torch.testing.assert_close(hidden, 2 * whole * left)
    torch.testing.assert_close(of_projection, 2 * (left[0].mT @ features[0]))
    assert 0.4 < float(left.sum() / (whole > 0).sum()) < 0.6


def test_the_bag_gets_a_gradient_only_if_it_wants_one():
    weights, features = tile_weights(), torch.randn(1, 5, P)

    score_tiles(features, weights)[1].sum().backward()

    assert features.grad is None
    assert weights.projection.grad is not None


def test_a_second_derivative_is_refused_in_words():
    weights, features = tile_weights(), torch.randn(1, 5, P, requires_grad=True)

    (once,) = torch.autograd.grad(score_tiles(features, weights)[1].sum(), [features], create_graph=True)

    with pytest.raises(RuntimeError, match="does not require grad"):
        once.sum().backward()


def test_scores_are_single_precision_under_autocast_and_gradients_come_in_the_weights_own():
    weights, features = tile_weights(), torch.randn(1, 50, P)

    with torch.autocast("cpu", torch.bfloat16):
        hidden, scores = score_tiles(features, weights)
    scores.sum().backward()

    assert (hidden.dtype, scores.dtype) == (torch.bfloat16, torch.float32)
    assert all(weight.grad.dtype == torch.float32 for weight in tensors_of(weights))
    torch.testing.assert_close(scores, plainly(features, weights)[1], rtol=0.05, atol=0.05)


def test_scores_of_ready_hidden_features_are_the_same():
    weights, features = tile_weights(), torch.randn(2, 40, P)

    hidden, scores = score_tiles(features, weights)

    torch.testing.assert_close(gated_scores(hidden, weights.gates, weights.gate_bias, weights.score_weight), scores)


def test_it_works_in_inference():
    with torch.inference_mode():
        hidden, scores = score_tiles(torch.randn(1, 4, P), tile_weights())

    assert (hidden.shape, scores.shape) == ((1, 4, L), (1, H, 4))
