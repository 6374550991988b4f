"""Reading tiles chunk by chunk gives what plain autograd gives, and its gradients."""

import pytest
import torch
from torch.nn import functional

from msm_mil_core.mil.gated_attention import KEPT_SHARE, TILES_AT_ONCE, TileWeights, gated_scores, read_tiles

P, L, D, H = 7, 6, 5, 3


def a_reader(dtype=torch.float32, *, shift=True, seed=0):
    drawn = torch.Generator().manual_seed(seed)

    def weight(*shape):
        return torch.randn(*shape, generator=drawn, dtype=dtype).mul_(0.5).requires_grad_()

    return TileWeights(
        weight(L, P), weight(L) if shift else None, weight(2 * H * D, L), weight(2 * H * D), weight(H, D)
    )


def weights_of(reader):
    every = (reader.projection, reader.shift, reader.gates, reader.gate_bias, reader.score_weight)
    return [weight for weight in every if weight is not None]


def plainly(bags, reader):
    hidden = functional.linear(bags, reader.projection, reader.shift).relu()
    V, U = functional.linear(hidden, reader.gates, reader.gate_bias).view(*bags.shape[:2], 2, H, D).unbind(2)
    return hidden, torch.einsum("bnhd,hd->bhn", V.tanh() * U.sigmoid(), reader.score_weight)


def gradients(read, bags, reader):
    hidden, scores = read(bags, reader)
    pooled = scores.softmax(-1) @ hidden
    return torch.autograd.grad(pooled.square().sum() + scores.sin().sum(), [bags, *weights_of(reader)])


@pytest.mark.parametrize("shift", [True, False])
@pytest.mark.parametrize(("bags", "tiles"), [(1, 1), (2, 30), (1, TILES_AT_ONCE + 1), (2, 3 * TILES_AT_ONCE)])
def test_it_says_what_the_plain_formula_says_and_so_do_its_gradients(bags, tiles, shift):
    features = torch.randn(bags, tiles, P, generator=torch.Generator().manual_seed(1)).requires_grad_()
    reader = a_reader(shift=shift)

    for one, other in zip(read_tiles(features, reader), plainly(features, reader), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)
    for one, other in zip(gradients(read_tiles, features, reader), gradients(plainly, features, reader), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5 * float(other.abs().max()))


@pytest.mark.parametrize("kept_share", [0.0, KEPT_SHARE, 1.0])
def test_gradients_are_exact_in_double_precision_whatever_is_kept(monkeypatch, kept_share):
    monkeypatch.setattr("msm_mil_core.mil.gated_attention.TILES_AT_ONCE", 3)
    monkeypatch.setattr("msm_mil_core.mil.gated_attention.KEPT_SHARE", kept_share)
    reader = a_reader(torch.float64)
    features = torch.randn(2, 8, P, dtype=torch.float64, generator=torch.Generator().manual_seed(2)).requires_grad_()

    def read(features, *weights):
        return read_tiles(features, TileWeights(*weights))

    assert torch.autograd.gradcheck(read, (features, *weights_of(reader)))


def test_what_dropout_leaves_out_has_no_gradient_and_the_rest_is_scaled():
    reader, features = a_reader(), torch.randn(1, 400, P).requires_grad_()

    hidden, _ = read_tiles(features, reader, dropout=0.5)
    (of_projection,) = torch.autograd.grad(hidden.sum(), [reader.projection])

    whole = plainly(features, reader)[0]
    left = (hidden > 0).float()
    torch.testing.assert_close(hidden, 2 * whole * left)
    torch.testing.assert_close(of_projection, 2 * (left[0].mT @ features[0]))
    assert 0.4 < float(left.sum() / (whole > 0).sum()) < 0.6


def test_the_bag_gets_a_gradient_only_if_it_wants_one():
    reader, features = a_reader(), torch.randn(1, 5, P)

    read_tiles(features, reader)[1].sum().backward()

    assert features.grad is None
    assert reader.projection.grad is not None


def test_a_second_derivative_is_refused_in_words():
    reader, features = a_reader(), torch.randn(1, 5, P, requires_grad=True)

    (once,) = torch.autograd.grad(read_tiles(features, reader)[1].sum(), [features], create_graph=True)

    with pytest.raises(RuntimeError, match="does not require grad"):
        once.sum().backward()


def test_scores_are_single_precision_under_autocast_and_gradients_come_in_the_weights_own():
    reader, features = a_reader(), torch.randn(1, 50, P)

    with torch.autocast("cpu", torch.bfloat16):
        hidden, scores = read_tiles(features, reader)
    scores.sum().backward()

    assert (hidden.dtype, scores.dtype) == (torch.bfloat16, torch.float32)
    assert all(weight.grad.dtype == torch.float32 for weight in weights_of(reader))
    torch.testing.assert_close(scores, plainly(features, reader)[1], rtol=0.05, atol=0.05)


def test_scores_of_ready_hidden_features_are_the_same():
    reader, features = a_reader(), torch.randn(2, 40, P)

    hidden, scores = read_tiles(features, reader)

    torch.testing.assert_close(gated_scores(hidden, reader.gates, reader.gate_bias, reader.score_weight), scores)


def test_it_works_where_nothing_is_learnt():
    with torch.inference_mode():
        hidden, scores = read_tiles(torch.randn(1, 4, P), a_reader())

    assert (hidden.shape, scores.shape) == ((1, 4, L), (1, H, 4))
