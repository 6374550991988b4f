"""What only models made elsewhere have: layers before the projection, biases, no gates, a map a class."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from msm_mil_core.explain.attribution import attribute
from msm_mil_core.explain.counterfactual import find_flip
from msm_mil_core.explain.examination_options import SearchOptions
from msm_mil_core.mil.aggregate import aggregate
from msm_mil_core.mil.predict import predict, predict_bag
from msm_mil_core.progress import finish
from tests.models import a_bag, a_checkpoint, a_network, model_options
from tests.results import block_of_tiles

WITHOUT = {"projection": "none", "activation": "none", "hidden": 12}
FORMS = st.one_of(
    st.just(WITHOUT),
    st.fixed_dictionaries(
        {
            "before": st.lists(st.integers(1, 9), max_size=2).map(tuple),
            "projection": st.sampled_from(["plain", "biased"]),
            "activation": st.sampled_from(["relu", "gelu", "none"]),
        }
    ),
)
MAPS = st.one_of(
    st.fixed_dictionaries({"maps": st.just("classes"), "classes": st.integers(2, 4), "masked_stages": st.just(0)}),
    st.fixed_dictionaries({"masked_stages": st.integers(0, 2), "mask_mode": st.sampled_from(["train", "always"])}),
)


def drawn(form: dict, maps: dict, gated: bool, **more) -> dict:
    return form | {"standardise": False, "fusion": "mean", "gated": gated} | maps | more


@settings(max_examples=40, deadline=None)
@given(FORMS, MAPS, st.booleans(), st.sampled_from(["attention", "evidence"]), st.integers(0, 99))
def test_a_prediction_is_what_the_network_says_with_gradients_and_without(form, maps, gated, claim_by, seed):
    made = a_checkpoint(seed=seed, **drawn(form, maps, gated, claim_by=claim_by))
    network = a_network(seed=seed, **drawn(form, maps, gated, claim_by=claim_by))
    bag = a_bag(25, seed=seed)

    predicted = predict(made, bag, device="cpu")
    output = network(torch.from_numpy(bag)[None])

    np.testing.assert_allclose(predicted.logits, output.logits[0].detach(), atol=1e-5)
    for stage, one in enumerate(predicted.stages):
        shown = np.isfinite(one.attention)
        np.testing.assert_array_equal(shown, output.shown[0, stage])
        np.testing.assert_allclose(one.attention[shown], output.attention[0, stage].detach()[shown], atol=1e-5)
        np.testing.assert_array_equal(one.claimed, output.claimed[0, stage])
        np.testing.assert_allclose(one.logits, output.stage_logits[0, stage].detach(), atol=1e-5)


def test_the_features_themselves_are_pooled_where_nothing_projects_them():
    bag = a_bag(9)
    output = a_network(**drawn(WITHOUT, {"masked_stages": 0}, True))(torch.from_numpy(bag)[None])

    np.testing.assert_array_equal(output.hidden[0], bag)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 5), st.integers(1, 40), st.booleans())
def test_each_class_answers_by_its_own_map_alone(C, N, masks):
    made = a_checkpoint(maps="classes", classes=C, masked_stages=0, fusion="mean", projection="biased")
    predicted = predict_bag(made, a_bag(N), device="cpu", masks="always" if masks else "checkpoint")
    prediction, outputs = predicted.prediction, predicted.tile_outputs

    assert len(prediction.stages) == C
    assert prediction.map_names == tuple(f"Map of class {c}" for c in range(C))
    assert not prediction.masks_applied
    for c, of_class in enumerate(prediction.stages):
        np.testing.assert_allclose(of_class.attention.sum(), 1, rtol=1e-5)
        added = of_class.attention @ outputs.tile_logits[:, c]
        np.testing.assert_allclose(prediction.logits[c], outputs.bias[c] + added, atol=1e-5)
        assert not np.delete(of_class.evidence, c, axis=1).any()
    parts = sum(of_class.evidence.sum(0) for of_class in prediction.stages)
    np.testing.assert_allclose(prediction.bias + parts, prediction.logits, atol=1e-5)
    assert (np.stack([of_class.claimed for of_class in prediction.stages]).sum(0) <= 1).all()


def test_the_order_of_the_classes_does_not_change_which_map_claims_a_tile():
    made = a_checkpoint(maps="classes", classes=3, masked_stages=0, fusion="mean", k=8)
    forwards = predict_bag(made, a_bag(20), device="cpu").tile_outputs
    order = [2, 0, 1]
    turned = type(forwards)(
        **{name: getattr(forwards, name) for name in ("options", "classes", "masks_applied", "bias", "fusion")},
        scores=forwards.scores[order],
        tile_logits=forwards.tile_logits,
        stage_tile_logits=forwards.stage_tile_logits[order],
        stage_bias=forwards.stage_bias,
    )

    one, other = aggregate(forwards), aggregate(turned)

    for at, was in enumerate(order):
        np.testing.assert_array_equal(other.stages[at].claimed, one.stages[was].claimed)


def test_a_part_of_a_slide_is_answered_as_a_run_on_it_would():
    made, bag = a_checkpoint(maps="classes", classes=3, masked_stages=0, fusion="mean"), a_bag(20)
    kept = np.arange(20) % 3 > 0

    asked = aggregate(predict_bag(made, bag, device="cpu").tile_outputs, kept)

    np.testing.assert_allclose(asked.logits, predict(made, bag[kept], device="cpu").logits, atol=1e-5)


@pytest.mark.parametrize(
    "flaw",
    [
        {"projection": "none", "activation": "none", "hidden": 11},
        {"projection": "none"},
        {"before": (4,), "standardise": True},
        {"before": (0,), "standardise": False},
        {"maps": "classes"},
        {"maps": "classes", "masked_stages": 0, "fusion": "mean", "classes": 34},
        {"gated": False, "refine": "paper"},
    ],
)
def test_what_does_not_go_together_is_refused(flaw):
    with pytest.raises(ValidationError):
        model_options(**({"standardise": False} | flaw))


def test_such_a_network_learns():
    torch.manual_seed(0)
    network = a_network(
        **drawn({"before": (8,), "projection": "biased", "activation": "gelu"}, {"masked_stages": 0}, False)
    )
    network.train()(torch.from_numpy(a_bag())[None]).logits.sum().backward()

    assert all(part.grad is not None and part.grad.isfinite().all() for part in network.parameters())


def test_tiles_that_decide_are_found_where_each_class_has_its_own_map():
    made = a_checkpoint(maps="classes", classes=3, masked_stages=0, fusion="mean", seed=3)
    outputs = predict_bag(made, a_bag(20), device="cpu").tile_outputs
    answer = aggregate(outputs)

    found = finish(find_flip(outputs, SearchOptions()))

    assert found.found
    assert aggregate(outputs, ~found.tiles).winner != answer.winner


@pytest.mark.parametrize("class_index", [0, 1, 2])
def test_an_attribution_asks_the_map_of_the_class_alone(class_index):
    made = a_checkpoint(maps="classes", classes=3, masked_stages=0, fusion="mean")
    outputs = predict_bag(made, a_bag(12), device="cpu").tile_outputs

    attributed = attribute(outputs, block_of_tiles(4, 3), class_index, "integrated gradients")

    mean = outputs.bias[class_index] + outputs.tile_logits[:, class_index].mean()
    np.testing.assert_allclose(attributed.sum(), aggregate(outputs).logits[class_index] - mean, atol=1e-3)
