"""A training that was killed continues as if it had never stopped."""

from pathlib import Path

import numpy as np
import pytest

from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.training.history import draw_curves, write_curves
from msm_mil_core.learning.training.model_changes import ModelChanges
from msm_mil_core.learning.training.state import Epoch, read_epochs
from msm_mil_core.learning.training.train import train
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.progress import finish
from tests.bags import some_options, two_kinds_of_bags

OPTIONS = some_options(epochs=6, model=ModelChanges(hidden=8, attention=4, dropout=0.3), tiles_per_bag=6)


@pytest.fixture(scope="module")
def whole() -> Checkpoint:
    """The model of a training that was never stopped."""
    return finish(train(two_kinds_of_bags(), OPTIONS))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a training of two epochs."""
    keep: Path = tmp_path_factory.mktemp("stored") / "standing.safetensors"
    finish(train(two_kinds_of_bags(), OPTIONS.replace(epochs=2), keep))
    return keep


@pytest.mark.parametrize("steps", [1, 41, 44, 52, 60, 75])
def test_a_killed_training_comes_to_the_same_model(tmp_path: Path, steps: int, whole: Checkpoint):
    bags, keep = two_kinds_of_bags(), tmp_path / "standing.safetensors"

    killed = train(bags, OPTIONS, keep)
    for _ in range(steps):
        next(killed)
    killed.close()
    resumed = finish(train(bags, OPTIONS, keep))

    assert resumed.record == whole.record
    assert all(np.array_equal(resumed.state[name], whole.state[name]) for name in whole.state)


def test_a_training_continues_after_the_epochs_that_it_has_finished(tmp_path: Path):
    bags, keep = two_kinds_of_bags(), tmp_path / "standing.safetensors"
    killed = train(bags, OPTIONS, keep)
    seen = [next(killed) for _ in range(40 + 7 * 2 + 1)]  # 25 bags, four a step: seven steps an epoch
    killed.close()

    resumed = [step for step in train(bags, OPTIONS, keep) if step.step == "Training"]

    assert len(read_epochs(keep)[0]) == OPTIONS.epochs
    assert resumed[0].done == seen[-1].done


@pytest.mark.parametrize("change", [{"seed": 1}, {"epochs": 7}, {"learning_rate": 0.02}])
def test_a_state_of_other_options_is_refused(stored: Path, change: dict[str, object]):
    with pytest.raises(TrainingError, match="other options"):
        finish(train(two_kinds_of_bags(), OPTIONS.replace(**{"epochs": 2} | change), stored))


def test_a_state_of_other_bags_is_refused(stored: Path):
    with pytest.raises(TrainingError, match="other options, bags"):
        finish(train(two_kinds_of_bags(seed=1), OPTIONS.replace(epochs=2), stored))


@pytest.mark.parametrize("content", [b"", b"no safetensors", b"\x02\0\0\0\0\0\0\0{}"])
def test_a_damaged_state_is_a_sentence(tmp_path: Path, content: bytes):
    keep = tmp_path / "standing.safetensors"
    keep.write_bytes(content)

    with pytest.raises(TrainingError, match="Delete it to start again"):
        finish(train(two_kinds_of_bags(), OPTIONS, keep))


def test_curves_are_a_line_for_each_epoch(tmp_path: Path):
    epochs = [Epoch(number, 0.1 / number, 1 / number, 1.5 / number, 1.0) for number in (1, 2, 3)]

    write_curves(epochs, tmp_path / "curves.csv")
    draw_curves(epochs, 3, tmp_path / "curves.png")

    lines = (tmp_path / "curves.csv").read_text().splitlines()
    assert lines[0] == "number,learning_rate,train_loss,val_loss,temperature"
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3"]
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
