"""Folds as shares: an array job trains each its own, and the last shows how all do."""

import json

import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint
from tests.bags import a_training_folder

FOLDS = ("--folds", "2", "--seeds", "2", "--preset", "abmil")


@pytest.fixture
def words(tmp_path) -> list[str]:
    return [*a_training_folder(tmp_path / "bags"), *FOLDS]


def test_shares_train_each_model_once_and_the_last_shows_how_all_do(words, tmp_path, capsys):
    out = tmp_path / "shared" / "m.safetensors"

    first = call([*words, "--out", str(out), "--shard", "1/2"])
    after_first = capsys.readouterr().out, sorted(path.name for path in out.parent.glob("*.safetensors"))
    second = call([*words, "--out", str(out), "--shard", "2/2"])
    after_second = capsys.readouterr().out

    alone = tmp_path / "alone" / "m.safetensors"
    call([*words, "--out", str(alone)])
    assert (first, second) == (0, 0)
    assert "2 of 4 models are not finished" in " ".join(after_first[0].split())
    assert after_first[1] == ["m.fold1.seed0.safetensors", "m.fold1.seed1.safetensors"]
    assert "4 models on the test part" in after_second
    assert len(json.loads(out.with_suffix(".folds.json").read_text())["models"]) == 4
    for path in alone.parent.glob("*.safetensors"):
        assert load_checkpoint(out.parent / path.name).sha256 == load_checkpoint(path).sha256


def test_a_share_that_there_is_not_is_refused(words, tmp_path, capsys):
    code = call([*words, "--out", str(tmp_path / "m.safetensors"), "--shard", "3/2"])

    assert code == 2
    assert "'3/2' is no share" in " ".join(capsys.readouterr().err.split())
