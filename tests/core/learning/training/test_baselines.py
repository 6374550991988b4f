"""Simpler models beside a trained one: the same split, the same width, the same bags to judge by."""

import json
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from msm_mil_core.cli.app import call
from msm_mil_core.export.tables.baselines import read_baselines
from msm_mil_core.learning.dataset.split_options import SplitOptions
from msm_mil_core.learning.dataset.splits import split_bags
from msm_mil_core.learning.dataset.training_data import TrainingData, read_training_data
from msm_mil_core.learning.evaluation.evaluate import evaluate_model
from msm_mil_core.learning.training.baselines import train_baselines
from msm_mil_core.learning.training.model_changes import ModelChanges
from msm_mil_core.learning.training.train import train, train_on
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint
from msm_mil_core.progress import finish
from tests.bags import a_training_folder, some_options, two_kinds_of_bags

OPTIONS = some_options(name="mine", epochs=6)


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return finish(read_training_data(split_bags(two_kinds_of_bags(), OPTIONS.split), 1))


@pytest.fixture(scope="module")
def model(data):
    return finish(train_on(data, OPTIONS))


def test_a_baseline_is_the_model_that_its_preset_trains_on_this_split(data, model):
    comparison = finish(train_baselines(data, model, OPTIONS))

    shape = ModelChanges(hidden=8, attention=4, dropout=0, standardise=True)
    alone = finish(train(data.bags, OPTIONS.replace(preset="abmil", model=shape)))
    expected = finish(evaluate_model(alone, data.bags.part("test"), device="cpu"))
    assert [one.predictions.title for one in (comparison.model, *comparison.baselines)] == [
        "mine",
        "gated ABMIL",
        "mean of tiles",
        "ridge on mean features",
    ]
    assert (comparison.baselines[0].predictions.probabilities == expected.predictions.probabilities).all()
    assert all(len(one.predictions.labels) == len(data.bags.part("test")) for one in comparison.baselines)
    own = finish(evaluate_model(model, data.bags.part("test"), device="cpu"))
    assert comparison.model.metrics.auc == own.metrics.auc  # one interval a model, wherever it is shown


@pytest.mark.parametrize(
    ("preset", "stages", "expected"),
    [
        ("abmil", 0, ["mean of tiles"]),
        ("default", 0, ["mean of tiles"]),
        ("mean", 0, ["gated ABMIL"]),
        ("abmil", 2, ["gated ABMIL", "mean of tiles"]),
    ],
)
def test_a_model_is_not_compared_with_itself_whatever_preset_it_started_from(data, preset, stages, expected):
    shape = ModelChanges(hidden=8, attention=4, masked_stages=stages)
    options = OPTIONS.replace(preset=preset, model=shape, epochs=1)

    comparison = finish(train_baselines(data, finish(train_on(data, options)), options))

    titles = [one.predictions.title for one in comparison.baselines]
    assert titles == [*expected, "ridge on mean features"]


def test_where_nothing_is_held_out_the_validation_bags_judge():
    options = OPTIONS.replace(split=SplitOptions(test_share=0), epochs=1)
    data = finish(read_training_data(split_bags(two_kinds_of_bags(), options.split), 1))

    comparison = finish(train_baselines(data, finish(train_on(data, options)), options))

    assert comparison.part == "val"
    assert len(comparison.model.predictions.labels) == len(data.bags.part("val"))


def test_a_comparison_that_was_ended_continues_to_the_same_figures(tmp_path, data, model):
    whole = finish(train_baselines(data, model, OPTIONS))
    work = train_baselines(data, model, OPTIONS, tmp_path)
    for now in work:
        if now.step == "Training mean of tiles" and now.done:
            break
    work.close()

    resumed = list(walk(train_baselines(data, model, OPTIONS, tmp_path)))

    comparison, steps = resumed[-1], [now.step for now in resumed[:-1]]
    assert "Training gated ABMIL" not in steps
    for one, other in zip(whole.baselines, comparison.baselines, strict=True):
        assert (one.predictions.probabilities == other.predictions.probabilities).all()


def walk(work: Generator):
    """Every progress, then what the work returns."""
    try:
        while True:
            yield next(work)
    except StopIteration as end:
        yield end.value


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    (folder / "words").write_text("\n".join(a_training_folder(folder / "bags")))
    assert call([*words_of(folder), "--out", str(folder / "m.safetensors")]) == 0
    return folder


def words_of(folder: Path) -> list[str]:
    """The words that train on the bags of this folder, which stay as they are."""
    return (folder / "words").read_text().splitlines()


def test_a_training_ends_with_a_table_a_sentence_and_a_record(trained, capsys):
    words = [*words_of(trained), "--out", str(trained / "m.safetensors")]

    code = call(words)  # finished: everything is shown again, nothing is trained

    shown = capsys.readouterr()
    record = json.loads((trained / "m.run" / "baselines.json").read_text())
    assert code == 0
    assert "Training gated ABMIL" not in shown.err
    assert record["sentence"] in shown.out
    assert "keep" in record["sentence"]
    for one in (record["model"], *record["baselines"]):
        assert f"{one['figures']['auc']:.3f}" in shown.out
    recorded = load_checkpoint(trained / "m.safetensors").record["figures"]["test"]
    assert record["model"]["figures"] == recorded
    assert not list((trained / "m.run").glob("*.standing.safetensors"))


def test_without_baselines_the_model_is_the_same_and_a_later_call_adds_them(trained, capsys):
    words = [*words_of(trained), "--out", str(trained / "plain.safetensors")]
    name = ["--name", "m"]

    assert call([*words, *name, "--no-baselines"]) == 0
    assert "Beside simpler models" not in capsys.readouterr().out
    assert (trained / "plain.safetensors").read_bytes() == (trained / "m.safetensors").read_bytes()
    assert not (trained / "plain.run" / "baselines.json").exists()

    assert call([*words, *name]) == 0
    shown = capsys.readouterr()
    assert "Beside simpler models" in shown.out
    of_plain, of_first = (trained / f"{stem}.run" / "baselines.json" for stem in ("plain", "m"))
    assert of_plain.read_bytes() == of_first.read_bytes()


def test_a_record_of_another_model_is_none(trained):
    path = trained / "m.run" / "baselines.json"

    assert read_baselines(path, load_checkpoint(trained / "m.safetensors").sha256) is not None
    assert read_baselines(path, "another") is None
    assert read_baselines(path.with_name("absent.json"), "another") is None


def test_the_steps_of_a_comparison_are_named(data, model):
    steps = dict.fromkeys(now.step for now in train_baselines(data, model, OPTIONS.replace(epochs=1)))

    assert list(steps) == [
        "Training gated ABMIL",
        "Training mean of tiles",
        "Evaluating models",
        "Fitting ridge on mean features",
    ]


def test_a_wider_model_has_wider_baselines(data, tmp_path):
    options = OPTIONS.replace(model=ModelChanges(hidden=12, attention=6), epochs=1)
    model = finish(train_on(data, options))
    work = train_baselines(data, model, options, tmp_path)

    finish(work)

    states = {path.name for path in tmp_path.iterdir()}
    assert states == {"abmil.standing.safetensors", "mean.standing.safetensors"}
    assert load_file(tmp_path / "abmil.standing.safetensors")["network/projection.weight"].shape[0] == 12
    assert np.isfinite(load_file(tmp_path / "mean.standing.safetensors")["network/projection.weight"]).all()
