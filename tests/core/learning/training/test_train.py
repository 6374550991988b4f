"""Training: what comes out of labelled bags, and what a run leaves behind."""

from typing import get_args

import numpy as np
import pytest
import torch

from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.origin import Origin
from msm_mil_core.learning.dataset.splits import split_bags
from msm_mil_core.learning.evaluation.evaluate import evaluate_model, with_figures
from msm_mil_core.learning.training.model_changes import ModelChanges
from msm_mil_core.learning.training.train import train
from msm_mil_core.learning.training.train_options import CardOptions
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint, save_checkpoint
from msm_mil_core.mil.model_options import ModelOptions, Preset, preset
from msm_mil_core.mil.network import MsmMil
from msm_mil_core.mil.predict import predict
from msm_mil_core.progress import finish
from tests.bags import P, labelled, some_options, two_kinds_of_bags


def test_a_model_learns_what_sets_the_bags_apart():
    bags = two_kinds_of_bags()

    trained = finish(train(bags, some_options()))

    evaluation = finish(evaluate_model(trained, split_bags(bags, some_options().split).part("test"), device="cpu"))
    assert evaluation.metrics.auc.value > 0.9
    fresh = two_kinds_of_bags(20, seed=1)
    answers = [predict(trained, fresh.features(index), device="cpu").winner for index in range(20)]
    assert np.mean([answer == fresh.classes[label] for answer, label in zip(answers, fresh.labels, strict=True)]) > 0.9


def test_attention_finds_the_tiles_that_made_the_label():
    trained = finish(train(two_kinds_of_bags(), some_options(epochs=40)))
    bags = two_kinds_of_bags(2, seed=2)

    first_stage = predict(trained, bags.features(1), device="cpu").stages[0]

    assert first_stage.attention[:3].min() > first_stage.attention[3:].max()
    assert first_stage.claimed[:3].sum() == 2


def test_the_same_seed_gives_the_same_model_whatever_was_drawn_before():
    bags = two_kinds_of_bags()
    options = some_options(epochs=2, model=ModelChanges(hidden=8, attention=4, dropout=0.5), tiles_per_bag=5)

    first = finish(train(bags, options))
    torch.rand(7)
    again, other = finish(train(bags, options)), finish(train(bags, options.replace(seed=1)))

    assert all(np.array_equal(first.state[name], again.state[name]) for name in first.state)
    assert any(not np.array_equal(first.state[name], other.state[name]) for name in first.state)


def test_training_leaves_the_random_numbers_of_others_alone():
    torch.manual_seed(3)
    expected = torch.rand(3)

    torch.manual_seed(3)
    finish(train(two_kinds_of_bags(), some_options(epochs=1)))

    assert torch.equal(torch.rand(3), expected)


def test_the_model_file_says_how_it_came_about(tmp_path):
    card = CardOptions(data="drawn numbers", limits="good for nothing", licence="CC0", citation="none", labels="drawn")
    options = some_options(name="toy", card=card, epochs=3)
    bags = split_bags(two_kinds_of_bags(), options.split)
    evaluated = finish(with_figures(finish(train(bags, options)), bags, device="cpu"))

    loaded = load_checkpoint(save_checkpoint(evaluated, tmp_path / "toy.safetensors").path)

    assert (loaded.name, loaded.encoder, loaded.side_px, loaded.mpp) == ("toy", "efficientnet-lite0", 96, 0.52)
    assert loaded.classes == ("normal", "tumour")
    record = loaded.record
    assert (record["data"], record["limits"], record["licence"]) == ("drawn numbers", "good for nothing", "CC0")
    assert record["classes"] == {"normal": 20, "tumour": 20}
    assert sum(part["bags"] for part in record["split"].values()) == 40
    assert set(record["figures"]) == {"val", "test"}
    assert record["training"]["seed"] == 0
    assert 1 <= record["best_epoch"] <= 3
    assert record["created_by"].startswith("napari-msm-mil ")


def test_progress_counts_up_and_a_dropped_run_leaves_nothing():
    work = train(two_kinds_of_bags(), some_options())

    seen = [next(work) for _ in range(60)]
    work.close()

    assert [progress.step for progress in seen[:41]] == ["Checking bags"] * 40 + ["Training"]
    assert all(progress.done < progress.total for progress in seen)
    assert [progress.done for progress in seen[40:]] == sorted(progress.done for progress in seen[40:])
    with pytest.raises(StopIteration):
        next(work)


def test_training_stops_when_the_validation_loss_rises():
    rng = np.random.default_rng(0)
    noise = {f"s{number}": rng.normal(size=(5, P)).astype(np.float32) for number in range(30)}
    bags = labelled(noise, ["x", "y"] * 15)

    steps = [progress for progress in train(bags, some_options(epochs=200, patience=3)) if progress.step == "Training"]

    assert steps[-1].done < steps[-1].total / 2


def test_a_bad_bag_is_reported_before_training_begins():
    bags = two_kinds_of_bags(spoiled="s39")

    with pytest.raises(TrainingError, match="The bag s39"):
        for progress in train(bags, some_options()):
            assert progress.step == "Checking bags"


def test_what_the_files_do_not_say_must_be_given():
    bags = two_kinds_of_bags(origin=Origin(encoder="timm:resnet18", side_px=224))

    with pytest.raises(TrainingError, match="Give it with --mpp:"):
        next(train(bags, some_options()))

    assert finish(train(bags, some_options(epochs=1, mpp=0.5))).mpp == 0.5


def test_a_loss_that_is_not_a_number_is_a_sentence():
    with pytest.raises(TrainingError, match="smaller learning rate"):
        finish(train(two_kinds_of_bags(), some_options(learning_rate=1e30, epochs=2)))


@pytest.mark.parametrize("name", get_args(Preset))
def test_every_preset_can_be_trained(name):
    options = some_options(preset=name, epochs=1, bags_per_step=1, model=ModelChanges(hidden=8, attention=4, k=2))

    trained = finish(train(two_kinds_of_bags(12), options))

    assert trained.options.preset == name
    assert (trained.options.refine == "paper") is (name == "paper")


def test_left_out_changes_are_the_presets():
    options = preset("explain", 1280, 3).replace(**ModelChanges(k_share=0.05).given)

    assert options.mask_mode == "always"
    assert (options.k_share, options.classes) == (0.05, 3)
    assert preset("explain", 1280, 3).replace(**ModelChanges(k=7).given).k_share is None


def test_without_masked_stages_the_network_is_gated_abmil():
    options = preset("abmil", P, 2)
    network = MsmMil(options).train()
    bag = torch.randn(9, P)

    hidden = torch.relu(bag @ network.projection.weight.T)
    V, U = (hidden @ network.gates.weight.T + network.gates.bias).chunk(2, -1)
    scores = (torch.tanh(V) * torch.sigmoid(U)) @ network.score_weight[0] + network.score_bias
    pooled = scores.softmax(0) @ hidden

    assert isinstance(options, ModelOptions)
    assert options.lambda_s == 0
    torch.testing.assert_close(network(bag[None]).logits[0], network.classifier(pooled))


def test_a_negative_class_is_one_of_the_bags_and_stands_in_the_record():
    bags = two_kinds_of_bags(12)
    named = some_options(epochs=1, card=CardOptions(negative=bags.classes[0]))
    assert finish(train(bags, named)).record["negative"] == bags.classes[0]

    with pytest.raises(TrainingError, match=r"no class 'nothing' .*there are"):
        next(train(bags, some_options(card=CardOptions(negative="nothing"))))
