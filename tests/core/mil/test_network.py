"""The laws of the network: what it may depend on, what it may not, and that its numbers stay numbers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch.nn import functional

from msm_mil_core.mil.gated_attention import TILES_AT_ONCE
from msm_mil_core.mil.model_options import preset
from msm_mil_core.mil.network import MsmMil, loss, network_with, weights_of
from tests.models import a_bag, a_network, model_options

PRESETS = ("paper", "default", "explain", "abmil", "mean")
WITHOUT_REFINEMENT = (
    {"name": "default"},
    {"name": "explain", "k_share": 0.2},
    {"name": "explain", "fusion": "attention", "heads": "shared"},
    {"name": "default", "fusion": "attention", "fusion_width": 2, "fusion_activation": "tanh"},
    {"name": "abmil"},
    {"name": "mean"},
)
PER_BAG = ("logits", "stage_logits", "beta")
PER_TILE = ("attention", "claimed", "shown")


@pytest.fixture(autouse=True)
def _same_random_numbers():
    torch.manual_seed(0)


def one(N=30, seed=0):
    return torch.from_numpy(a_bag(N, seed=seed))[None]


def assert_same(one, other, *, tolerance=1e-5):
    torch.testing.assert_close(one, other, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize(
    ("features", "classes", "stages", "parameters"),
    [(384, 2, 3, 365_212), (384, 3, 7, 897_744), (1024, 2, 3, 4_141_980)],
)
def test_the_paper_preset_has_as_many_parameters_as_the_authors_network(features, classes, stages, parameters):
    options = preset("paper", features, classes)

    network = MsmMil(options)

    assert options.stages == stages
    assert sum(weight.numel() for weight in network.parameters()) == parameters


@pytest.mark.parametrize("tiles", [50, TILES_AT_ONCE + 5])
@pytest.mark.parametrize("heads", ["own", "shared"])
def test_a_stage_scores_tiles_by_gated_attention(tiles, heads):
    network = a_network(heads=heads)
    V, U = network.gates.weight.view(2, -1, 8, 16)
    v, u = network.gates.bias.view(2, -1, 8)

    output = network(one(tiles))

    H = output.hidden[0]
    for stage, scores in enumerate(output.scores[0]):
        h = stage if heads == "own" else 0
        gates = (H @ V[h].T + v[h]).tanh() * (H @ U[h].T + u[h]).sigmoid()
        assert_same(scores, gates @ network.score_weight[h] + network.score_bias[h])


@pytest.mark.parametrize("choice", WITHOUT_REFINEMENT)
def test_the_order_of_tiles_does_not_matter_without_refinement(choice):
    network, bag = a_network(**choice), one(40)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(1))

    there, here = network(bag[:, order]), network(bag)

    for field in PER_BAG:
        assert_same(getattr(there, field), getattr(here, field))
    for field in PER_TILE:
        assert_same(getattr(there, field), getattr(here, field)[..., order])


@pytest.mark.parametrize("choice", WITHOUT_REFINEMENT)
def test_a_masked_tile_is_as_good_as_absent(choice):
    network, bag = a_network(**choice), one(40)

    masked = network(bag, masks=True)

    for stage in range(network.options.stages):
        left = ~masked.claimed[0, :stage].any(0)
        without = network(bag[:, left], masks=False)
        assert_same(masked.stage_logits[:, stage], without.stage_logits[:, stage])
        assert_same(masked.attention[0, stage, left], without.attention[0, stage])
        assert not masked.attention[0, stage, ~left].any()
        assert torch.equal(masked.shown[0, stage], left)


def test_a_masked_tile_gets_no_gradient_from_the_stages_it_was_hidden_from():
    network, bag = a_network("explain"), one(40).requires_grad_()

    output = network(bag)
    output.stage_logits[0, 2].sum().backward()

    hidden = ~output.shown[0, 2]
    assert hidden.sum() == 6
    assert not bag.grad[0, hidden].any()
    assert bag.grad[0, ~hidden].any()


@pytest.mark.parametrize("name", PRESETS)
@settings(max_examples=15)
@given(valid=st.lists(st.booleans(), min_size=1, max_size=40).filter(any), seed=st.integers(0, 99))
def test_padding_changes_nothing_wherever_it_stands(name, valid, seed):
    network, valid = a_network(name, seed=seed), torch.tensor([valid])
    padded = 1e3 * torch.randn(1, valid.shape[1], 12)
    padded[valid] = one(int(valid.sum()), seed)[0]

    with_padding, without = network(padded, valid), network(padded[valid][None])

    for field in PER_BAG:
        assert_same(getattr(with_padding, field), getattr(without, field))
    for field in PER_TILE:
        assert_same(getattr(with_padding, field)[..., valid[0]], getattr(without, field))
        assert not getattr(with_padding, field)[..., ~valid[0]].any()


@pytest.mark.parametrize("name", PRESETS)
def test_a_batch_of_bags_is_its_bags_one_by_one(name):
    network, sizes = a_network(name).train(), (1, 7, 33)
    valid = torch.arange(33)[None] < torch.tensor(sizes)[:, None]
    batch = torch.zeros(3, 33, 12)
    for place, size in enumerate(sizes):
        batch[place, :size] = one(size, seed=place)
    labels = torch.tensor([0, 1, 0])

    together = network(batch, valid)
    alone = [network(batch[[place], :size]) for place, size in enumerate(sizes)]

    for place, size in enumerate(sizes):
        for field in PER_BAG:
            assert_same(getattr(together, field)[place], getattr(alone[place], field)[0])
        for field in PER_TILE:
            assert_same(getattr(together, field)[place, :, :size], getattr(alone[place], field)[0])
    assert_same(gradients(network, together, labels), gradients_of_mean(network, alone, labels), tolerance=1e-4)


def gradients(network, output, labels):
    options = network.options.replace(lambda_s=0.0)
    return torch.autograd.grad(loss(output, labels, options), network.projection.weight)[0]


def gradients_of_mean(network, outputs, labels):
    return sum(gradients(network, output, labels[[n]]) for n, output in enumerate(outputs)) / len(outputs)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("N", [1, 2, 3, 4, 8, 9, 10])
@pytest.mark.parametrize("min_keep", [0, 1, 20])
def test_small_bags_give_numbers_and_gradients_that_are_finite(name, N, min_keep):
    fusion = "mean" if name == "mean" else "attention"
    network = a_network(name, min_keep=min_keep, fusion=fusion, lambda_beta=0.5)
    bag = one(N).requires_grad_()

    output = network(bag, masks=True)
    loss(output, torch.tensor([1]), network.options).backward()

    looked = output.shown.any(-1)
    assert_same(output.attention.sum(-1), looked.float())
    assert_same(output.beta.sum(1), torch.ones(1))
    assert not output.beta[~looked].any()
    assert looked.all() or min_keep == 0
    assert all(torch.isfinite(getattr(output, field)).all() for field in PER_BAG + PER_TILE)
    assert all(torch.isfinite(weight.grad).all() for weight in network.parameters())
    assert torch.isfinite(bag.grad).all()


def test_all_equal_scores_look_everywhere_alike_and_claim_in_order():
    network = a_network("explain")
    torch.nn.init.zeros_(network.score_weight)

    output = network(one(20))

    assert output.claimed[0].int().argmax(-1).tolist() == [0, 3, 6]
    assert output.claimed[0].sum(-1).tolist() == [3, 3, 3]
    assert_same(output.attention[0, 2, 6:], torch.full((14,), 1 / 14))


@pytest.mark.parametrize("scale", [1e3, 1e6])
def test_attention_stays_finite_when_softmax_underflows(scale):
    network = a_network("explain")
    torch.nn.init.normal_(network.score_weight, std=scale)

    output = network(one(50))
    loss(output, torch.tensor([1]), network.options).backward()

    assert_same(output.attention.sum(-1), torch.ones(1, 3))
    assert output.claimed.sum(-1).tolist() == [[3, 3, 3]]
    assert all(torch.isfinite(weight.grad).all() for weight in network.parameters())


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_gives_float32_answers_near_the_full_ones(name, dtype):
    network, bag = a_network(name).train(), one(40)
    if name != "mean":
        torch.nn.init.normal_(network.score_weight)

    full = network(bag)
    with torch.autocast("cpu", dtype):
        half = network(bag)
    loss(half, torch.tensor([1]), network.options).backward()

    assert half.hidden.dtype == dtype
    assert {getattr(half, field).dtype for field in ("logits", "stage_logits", "beta", "scores", "attention")} == {
        torch.float32
    }
    assert_same(half.attention.sum(-1), torch.ones(1, network.options.stages))
    assert half.claimed.sum(-1).tolist() == [[3] * network.options.stages]
    assert_same(half.logits.softmax(-1), full.logits.softmax(-1), tolerance=0.05)
    assert all(torch.isfinite(weight.grad).all() for weight in network.parameters())


@pytest.mark.parametrize(
    ("mask_mode", "training", "masks", "hides"),
    [
        ("train", True, None, True),
        ("train", False, None, False),
        ("always", False, None, True),
        ("never", True, None, False),
        ("train", False, True, True),
        ("always", True, False, False),
    ],
)
def test_masks_hide_when_the_mode_or_the_caller_says_so(mask_mode, training, masks, hides):
    network = a_network(mask_mode=mask_mode).train(training)

    output = network(one(), masks=masks)

    assert output.shown.sum(-1)[0].tolist() == ([30, 27, 24] if hides else [30, 30, 30])
    assert output.claimed.sum(-1)[0].tolist() == [3, 3, 3]


def test_mean_fusion_weighs_alike_the_stages_that_saw_something():
    network = a_network("explain", min_keep=0, fusion="mean")

    assert_same(network(one(30)).beta, torch.full((1, 3), 1 / 3))
    assert_same(network(one(4)).beta, torch.tensor([[1 / 2, 1 / 2, 0]]))


@pytest.mark.parametrize(
    ("bags", "valid"),
    [
        (torch.zeros(1, 0, 12), None),
        (torch.zeros(2, 3, 12), torch.tensor([[True, True, False], [False, False, False]])),
        (torch.zeros(1, 3, 11), None),
        (torch.zeros(3, 12), None),
        (torch.zeros(1, 3, 12), torch.ones(1, 2, dtype=torch.bool)),
        (torch.zeros(1, 3, 12), torch.ones(1, 3)),
    ],
)
def test_bags_without_tiles_or_of_another_shape_are_refused(bags, valid):
    network = a_network()

    with pytest.raises(ValueError, match=r"bag|valid"):
        network(bags, valid)


def test_standardising_is_the_same_as_giving_standardised_features():
    mean, std = torch.randn(12), torch.rand(12) + 0.1
    std[4] = 0
    plain, network = a_network(), a_network(standardise=True)

    network.standardise_by(mean, std)

    std[4] = 1
    assert_same(network(one() * std + mean).logits, plain(one()).logits)


def test_the_loss_is_that_of_the_answer_and_of_the_stages_and_of_the_stage_weights():
    network = a_network("paper", lambda_s=0.5, lambda_beta=0.25)
    batch, labels, weight = torch.cat([one(20, seed) for seed in range(4)]), torch.tensor([0, 1, 1, 0]), torch.rand(2)

    output = network(batch)

    beta = output.beta.detach().numpy().astype(float)
    stages = [functional.cross_entropy(output.stage_logits[:, s], labels, weight).item() for s in range(3)]
    wanted = functional.cross_entropy(output.logits, labels, weight).item()
    wanted += 0.5 * np.mean(stages) + 0.25 * (beta * np.log(beta)).sum(1).mean()
    assert loss(output, labels, network.options, weight).item() == pytest.approx(wanted, abs=1e-6)


def test_a_stage_that_saw_nothing_has_no_part_in_the_loss():
    network = a_network("explain", min_keep=0, k=5, lambda_s=1.0, lambda_c=0.0)

    output = network(one(5))

    first = functional.cross_entropy(output.stage_logits[:, 0], torch.tensor([1]))
    answer = functional.cross_entropy(output.logits, torch.tensor([1]))
    assert_same(loss(output, torch.tensor([1]), network.options), answer + first)


@pytest.mark.parametrize("name", ["default", "explain"])
def test_training_finds_the_tiles_that_make_a_bag_positive(name):
    torch.manual_seed(0)
    labels = torch.arange(40) % 2
    bags = torch.randn(40, 25, 12)
    bags[labels == 1, :2, 0] += 5
    network = MsmMil(model_options(name, k=1))
    optimiser = torch.optim.AdamW(network.parameters(), 0.01)

    for _ in range(60):
        optimiser.zero_grad()
        loss(network.train()(bags), labels, network.options).backward()
        optimiser.step()

    output = network.eval()(bags)
    assert (output.logits.argmax(1) == labels).all()
    assert (output.attention[labels == 1, 0, :2].sum(-1) > 0.5).float().mean() > 0.9


@pytest.mark.parametrize("name", PRESETS)
def test_weights_taken_out_and_put_back_give_the_same_answers_and_draw_no_random_numbers(name):
    network = a_network(name, standardise=True)
    drawn = torch.get_rng_state()

    again = network_with(network.options, weights_of(network))

    assert torch.equal(again(one()).logits, network(one()).logits)
    assert not again.training
    assert torch.equal(torch.get_rng_state(), drawn)


@pytest.mark.parametrize(("features", "hidden"), [(384, 192), (1280, 256), (1, 1)])
def test_the_default_presets_project_to_half_the_features_and_256_at_most(features, hidden):
    assert preset("default", features, 2).hidden == preset("explain", features, 2).hidden == hidden


def test_an_unknown_preset_is_refused():
    with pytest.raises(ValueError, match="no preset"):
        preset("mamba", 384, 2)  # type: ignore[arg-type]


def test_the_mean_of_the_tiles_is_answered_and_the_best_evidence_claimed():
    network, bag = a_network("mean", k=4), one(30)

    output = network(bag)

    assert_same(output.logits, network.classifier(output.hidden.mean(1)))
    assert_same(output.stage_logits[:, 0], output.logits)
    answer = int(output.logits.argmax())
    others = [index for index in range(2) if index != answer]
    margin = network.classifier(output.hidden[0])[:, answer] - network.classifier(output.hidden[0])[:, others].mean(1)
    assert set(output.claimed[0, 0].nonzero()[:, 0].tolist()) == set(margin.topk(4).indices.tolist())


@pytest.mark.parametrize("changes", [{"masked_stages": 1}, {"refine": "paper"}, {"fusion": "attention"}])
def test_the_mean_has_neither_masked_stages_nor_a_refinement_block_nor_anything_to_fuse(changes):
    with pytest.raises(ValidationError, match="pooling by the mean"):
        model_options("mean", **changes)
