"""Several devices train several models at once, each the model that it would be on one device, and end together."""

import multiprocessing
from pathlib import Path

import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.cli.training.parallel_runs import train_runs
from msm_mil_core.cli.training.training_run import TrainingRun
from msm_mil_core.devices import choose_devices
from msm_mil_core.errors import DeviceError, TrainingError
from msm_mil_core.learning.dataset.splits import split_bags
from msm_mil_core.learning.training.state import read_epochs
from msm_mil_core.learning.training.train import train
from msm_mil_core.progress import finish
from tests.bags import a_training_folder, some_options, two_kinds_of_bags


def two_runs(folder: Path, **changes) -> list[TrainingRun]:
    """Runs that differ in their seed."""
    options = [some_options(name=f"m{seed}", seed=seed, **changes) for seed in (0, 1)]
    return [TrainingRun(two_kinds_of_bags(12), each, folder / f"m{each.seed}.safetensors") for each in options]


def test_models_trained_at_once_are_those_trained_one_after_another(tmp_path, capsys):
    words = [*a_training_folder(tmp_path / "bags"), "--folds", "2"]
    (tmp_path / "b").mkdir()
    at_once = ["cpu,cpu" if word == "cpu" else word for word in words]

    assert call([*words, "--out", str(tmp_path / "m.safetensors")]) == 0
    assert call([*at_once, "--out", str(tmp_path / "b" / "m.safetensors")]) == 0

    assert "Training 2 models on 2 devices" in capsys.readouterr().err
    for name in ("m.fold1.seed0.safetensors", "m.fold2.seed0.safetensors"):
        assert (tmp_path / "b" / name).read_bytes() == (tmp_path / name).read_bytes()
    assert (tmp_path / "b" / "m.folds.json").exists()
    assert not multiprocessing.active_children()


def test_what_stops_one_training_is_reported_and_stops_the_others(tmp_path):
    runs = two_runs(tmp_path, epochs=10_000, patience=10_000)
    runs[1].state.parent.mkdir()
    runs[1].state.write_bytes(b"damaged")

    with pytest.raises(TrainingError, match="Delete it to start again"):
        finish(train_runs([[run] for run in runs]))

    assert not multiprocessing.active_children()
    assert not runs[0].model.exists()


def test_a_killed_process_is_reported_and_its_training_continues(tmp_path):
    runs = two_runs(tmp_path, epochs=10_000, patience=10_000)
    work = train_runs([[run] for run in runs])
    while not runs[0].state.exists():
        next(work)

    for process in multiprocessing.active_children():
        process.kill()
    with pytest.raises(DeviceError, match="ended unexpectedly"):
        finish(work)

    behind = len(read_epochs(runs[0].state)[0])
    resumed = next(progress for progress in runs[0].train() if progress.step == "Training")
    assert not multiprocessing.active_children()
    assert resumed.done == behind * len(split_bags(runs[0].bags, runs[0].options.split).part("train")) > 0


def test_one_training_on_several_devices_is_refused_with_what_to_do(tmp_path, capsys):
    words = ["cpu,cpu" if word == "cpu" else word for word in a_training_folder(tmp_path / "bags")]

    with pytest.raises(TrainingError, match="A training uses one device, but cpu,cpu names 2"):
        next(train(two_kinds_of_bags(12), some_options(device="cpu,cpu")))
    with pytest.raises(DeviceError, match="no device 'cuda:7'"):
        choose_devices("cpu,cuda:7")
    assert len(choose_devices("cpu, cpu")) == 2
    assert call([*words, "--out", str(tmp_path / "m.safetensors")]) == 2
    assert "with --folds or --seeds" in capsys.readouterr().err
    assert not list(tmp_path.glob("m.*"))
