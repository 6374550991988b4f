"""Folds and seeds: several models, and what they tell together."""

import json
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.bag_dataset import BagDataset, Origin, label_bags
from msm_mil_core.learning.dataset.folds import lay_folds
from msm_mil_core.learning.dataset.splits import SplitOptions, split_bags
from msm_mil_core.mil.checkpoint import load_checkpoint

TOLD = ["--encoder", "efficientnet-lite0", "--side-px", "64", "--mpp", "1", "--device", "cpu"]
QUICK = ["--epochs", "2", "--learning-rate", "0.02", "--bags-per-step", "4", "--model.hidden", "4"]


def bags_of(labels: Sequence[str], patients: Sequence[str]) -> BagDataset:
    sources = {f"s{number}": np.zeros((2, 4), np.float32) for number in range(len(labels))}
    return label_bags(sources, labels, Origin(), patients=patients)


def a_training_folder(folder: Path, count: int = 24, seed: int = 0) -> list[str]:
    """Write feature files and their table, and return the words that train on them."""
    rng, rows = np.random.default_rng(seed), ["slide,label"]
    folder.mkdir(exist_ok=True)
    for number in range(count):
        with h5py.File(folder / f"case{number}.h5", "w") as file:
            file["features"] = rng.normal(number % 2, 1, (12, 6)).astype(np.float32)
        rows.append(f"case{number},{('benign', 'malignant')[number % 2]}")
    (folder / "labels.csv").write_text("\n".join(rows))
    return ["train", str(folder), "--labels", str(folder / "labels.csv"), *TOLD, *QUICK]


def test_every_bag_is_tested_once_and_no_patient_is_parted():
    rng = np.random.default_rng(0)
    patients = [f"p{number}" for number in rng.integers(30, size=90)]
    bags = bags_of([str(rng.choice(["x", "y", "z"])) for _ in patients], patients)

    splits = [split_bags(fold.bags, SplitOptions()) for fold in lay_folds(bags, 4, SplitOptions())]

    assert sorted(index for split in splits for index in split.test) == list(range(len(bags)))
    for split in splits:
        owners = [{bags.patients[index] for index in part} for part in (split.train, split.val, split.test)]
        assert not (owners[0] & owners[1] or owners[0] & owners[2] or owners[1] & owners[2])
        assert all(set(bags.labels[part]) == {0, 1, 2} for part in (split.train, split.val, split.test))


def test_one_fold_is_the_split_as_it_was():
    bags = bags_of(["x", "y"] * 6, [f"p{number}" for number in range(12)])

    (fold,) = lay_folds(bags, 1, SplitOptions())

    assert fold.bags is bags


def test_folds_that_cannot_be_drawn_are_a_sentence():
    few = bags_of(["x"] * 9 + ["y"] * 3, [f"p{number}" for number in range(12)])
    parted = label_bags(
        {name: np.zeros((1, 2), np.float32) for name in "ab"}, ["x", "y"], Origin(), parts=["train"] * 2
    )

    with pytest.raises(TrainingError, match="Class 'y' has slides of 3 patients, too few for 5 folds"):
        lay_folds(few, 5, SplitOptions())
    with pytest.raises(TrainingError, match="column split"):
        lay_folds(parted, 2, SplitOptions())


def test_folds_and_seeds_give_a_model_each_and_pooled_figures(tmp_path, capsys):
    words = [*a_training_folder(tmp_path / "bags"), "--out", str(tmp_path / "m.safetensors")]

    code = call([*words, "--folds", "3", "--seeds", "2"])

    assert code == 0, capsys.readouterr().err
    names = sorted(path.name for path in tmp_path.glob("*.safetensors"))
    assert names == [f"m.fold{fold}.seed{seed}.safetensors" for fold in (1, 2, 3) for seed in (0, 1)]
    told = json.loads((tmp_path / "m.folds.json").read_text())
    by_seed = [[one for one in told["models"] if one["seed"] == seed] for seed in (0, 1)]
    for models in by_seed:
        slides = [answer["slide"] for model in models for answer in model["answers"]]
        assert sorted(slides) == sorted(f"case{number}" for number in range(24))
    aucs = [model["figures"]["auc"] for model in told["models"]]
    assert told["over_models"]["auc"]["mean"] == pytest.approx(np.mean(aucs))
    assert told["over_models"]["auc"]["sd"] == pytest.approx(np.std(aucs, ddof=1))
    assert [figures["bags"] for figures in told["pooled_by_seed"].values()] == [24, 24]
    assert all(pool["auc_low"] <= pool["auc"] <= pool["auc_high"] for pool in told["pooled_by_seed"].values())
    of_file = load_checkpoint(Path(told["models"][0]["file"])).record["figures"]["test"]
    assert of_file["auc"] == pytest.approx(told["models"][0]["figures"]["auc"])


def test_finished_models_are_not_trained_again_and_a_killed_one_goes_on(tmp_path, capsys):
    words = [*a_training_folder(tmp_path / "bags"), "--out", str(tmp_path / "m.safetensors"), "--folds", "2"]
    call(words)
    first, second = (tmp_path / f"m.fold{number}.seed0.safetensors" for number in (1, 2))
    written, content = first.stat().st_mtime_ns, second.read_bytes()
    second.unlink()  # as if killed in the second

    code = call(words)

    assert code == 0, capsys.readouterr().err
    assert first.stat().st_mtime_ns == written
    assert second.read_bytes() == content


def test_models_of_another_training_are_not_written_over(tmp_path, capsys):
    words = [*a_training_folder(tmp_path / "bags"), "--out", str(tmp_path / "m.safetensors"), "--seeds", "2"]
    call(words)
    other = [*words, "--weight-decay", "0.5"]

    assert call(other) == 2
    assert "m.fold1.seed0.safetensors exists already" in capsys.readouterr().err
    assert call([*other, "--overwrite"]) == 0
