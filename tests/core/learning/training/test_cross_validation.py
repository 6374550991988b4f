"""Folds and seeds: several models, and how they do together, on one device or several."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.dataset.columns import Part
from msm_mil_core.learning.dataset.folds import lay_folds
from msm_mil_core.learning.dataset.split_options import SplitOptions
from msm_mil_core.learning.dataset.splits import split_bags
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint
from tests.bags import a_training_folder, labelled


def bags_of(labels: Sequence[str], patients: Sequence[str]) -> BagDataset:
    sources = {f"s{number}": np.zeros((2, 4), np.float32) for number in range(len(labels))}
    return labelled(sources, labels, patients=patients)


def test_every_bag_is_tested_once_and_no_patient_is_in_two_parts():
    rng = np.random.default_rng(0)
    patients = [f"p{number}" for number in rng.integers(30, size=90)]
    bags = bags_of([str(rng.choice(["x", "y", "z"])) for _ in patients], patients)

    splits = [split_bags(fold.bags, SplitOptions()) for fold in lay_folds(bags, 4, SplitOptions())]

    assert sorted(index for split in splits for index in split.indices("test")) == list(range(len(bags)))
    for split in splits:
        parts = [split.part(name) for name in get_args(Part)]
        owners = [set(part.patients) for part in parts]
        assert not (owners[0] & owners[1] or owners[0] & owners[2] or owners[1] & owners[2])
        assert all(set(part.labels) == {0, 1, 2} for part in parts)


def test_one_fold_is_the_split_as_it_was():
    bags = bags_of(["x", "y"] * 6, [f"p{number}" for number in range(12)])

    (fold,) = lay_folds(bags, 1, SplitOptions())

    assert fold.bags is bags


def test_folds_that_cannot_be_drawn_are_a_sentence():
    few = bags_of(["x"] * 9 + ["y"] * 3, [f"p{number}" for number in range(12)])
    parted = labelled({name: np.zeros((1, 2), np.float32) for name in "ab"}, ["x", "y"], parts=["train"] * 2)

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
    written = json.loads((tmp_path / "m.folds.json").read_text())
    by_seed = [[one for one in written["models"] if one["seed"] == seed] for seed in (0, 1)]
    for models in by_seed:
        slides = [answer["slide"] for model in models for answer in model["answers"]]
        assert sorted(slides) == sorted(f"case{number}" for number in range(24))
    aucs = [model["figures"]["auc"] for model in written["models"]]
    assert written["over_models"]["auc"]["mean"] == pytest.approx(np.mean(aucs))
    assert written["over_models"]["auc"]["sd"] == pytest.approx(np.std(aucs, ddof=1))
    assert [figures["bags"] for figures in written["pooled_by_seed"].values()] == [24, 24]
    assert all(pool["auc_low"] <= pool["auc"] <= pool["auc_high"] for pool in written["pooled_by_seed"].values())
    of_file = load_checkpoint(Path(written["models"][0]["file"])).record["figures"]["test"]
    assert of_file == written["models"][0]["figures"]


def test_finished_models_are_not_trained_again_and_a_killed_one_continues(tmp_path, capsys):
    words = [*a_training_folder(tmp_path / "bags"), "--out", str(tmp_path / "m.safetensors"), "--folds", "2"]
    call(words)
    first, second = (tmp_path / f"m.fold{number}.seed0.safetensors" for number in (1, 2))
    written, content = first.stat().st_mtime_ns, second.read_bytes()
    second.unlink()  # as if killed in the second

    code = call(words)

    assert code == 0, capsys.readouterr().err
    assert first.stat().st_mtime_ns == written
    assert second.read_bytes() == content


def test_models_of_another_training_are_not_overwritten(tmp_path, capsys):
    words = [*a_training_folder(tmp_path / "bags"), "--out", str(tmp_path / "m.safetensors"), "--seeds", "2"]
    call(words)
    other = [*words, "--weight-decay", "0.5"]

    assert call(other) == 2
    assert "m.fold1.seed0.safetensors already exists" in capsys.readouterr().err
    assert call([*other, "--overwrite"]) == 0
