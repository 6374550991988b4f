"""How many bags go through the network at once, where that is left to the program."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.bags.feature_table import FeatureTable
from msm_mil_core.cli.app import call
from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.bag_dataset import BagDataset, label_bags
from msm_mil_core.learning.dataset.splits import split_bags
from msm_mil_core.learning.training.bags_per_step import MOST, STEPS, TILES, bags_per_step, resolved
from msm_mil_core.learning.training.train import train
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint
from msm_mil_core.progress import finish
from tests.bags import ORIGIN, P, a_training_folder, labelled, some_options, two_kinds_of_bags

AUTO = some_options(bags_per_step="auto")


def bags_of(tiles: list[int]) -> BagDataset:
    """Bags of these sizes, never read."""
    tables = {f"s{n}": FeatureTable(Path("absent.h5"), count, P) for n, count in enumerate(tiles)}
    return label_bags(tables, ["x", "y"] * (len(tiles) // 2), ORIGIN)


@pytest.mark.parametrize(
    ("count", "tiles", "expected"),
    [(360, 72, 8), (2000, 9, 16), (1000, 5000, 1), (1000, 500, 4), (40, 9, 1), (64, 9, 2), (1000, 2048, 1)],
)
def test_small_and_many_bags_go_together_and_whole_slides_alone(count: int, tiles: int, expected: int):
    assert bags_per_step(AUTO, bags_of([tiles] * count)) == expected


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=150).map(lambda half: half * 2))
def test_the_number_keeps_within_its_three_bounds_whatever_the_order_or_the_split(tiles: list[int]):
    bags = bags_of(tiles)

    chosen = bags_per_step(AUTO, bags)

    assert 1 <= chosen <= MOST
    assert chosen == 1 or (chosen * np.median(tiles) <= TILES and chosen * STEPS <= len(bags))
    assert bags_per_step(AUTO, bags.subset(np.arange(len(bags))[::-1])) == chosen
    assert bags_per_step(AUTO, bags.assign(test=[0, 1])) == chosen


def test_a_number_that_is_given_stays():
    assert bags_per_step(some_options(bags_per_step=5), bags_of([9] * 400)) == 5


def test_tiles_that_are_not_drawn_do_not_count():
    assert bags_per_step(AUTO.replace(tiles_per_bag=100), bags_of([5000] * 400)) == 8


def many_bags(count: int) -> BagDataset:
    rng = np.random.default_rng(0)
    tiles = {f"s{n}": rng.normal(n % 2, 1, (4, P)).astype(np.float32) for n in range(count)}
    return split_bags(labelled(tiles, ["x", "y"] * (count // 2)), AUTO.split)


def test_a_model_records_the_number_and_is_the_one_trained_with_it():
    bags = many_bags(130)

    auto = finish(train(bags, AUTO.replace(epochs=2)))
    four = finish(train(bags, AUTO.replace(epochs=2, bags_per_step=4)))

    assert auto.record == four.record
    assert auto.record["training"]["bags_per_step"] == 4
    assert all(np.array_equal(auto.state[name], four.state[name]) for name in four.state)


def test_an_interrupted_training_continues_only_with_the_number_that_it_had(tmp_path):
    bags, keep = many_bags(130), tmp_path / "standing.safetensors"
    finish(train(bags, AUTO.replace(epochs=2), keep))

    again = finish(train(bags, AUTO.replace(epochs=2, bags_per_step=4), keep))

    assert again.record["training"]["bags_per_step"] == 4
    with pytest.raises(TrainingError, match="other options"):
        finish(train(bags, AUTO.replace(epochs=2, bags_per_step=2), keep))


def test_the_command_line_takes_a_number_or_auto_and_says_no_to_others(tmp_path, capsys):
    words = [word for word in a_training_folder(tmp_path / "bags") if word not in {"--bags-per-step", "4"}]
    words = [*words, "4", "--out", str(tmp_path / "m.safetensors"), "--bags-per-step"]

    assert call([*words, "auto"]) == 0, capsys.readouterr().err
    assert load_checkpoint(tmp_path / "m.safetensors").record["training"]["bags_per_step"] == 1
    for wrong in ("0", "many"):
        assert call([*words, wrong, "--overwrite"]) == 2
        assert "--bags-per-step" in capsys.readouterr().err.splitlines()[-1]


def test_bags_without_any_are_one_at_a_time():
    assert resolved(AUTO, two_kinds_of_bags(4).subset(np.empty(0, np.int64))).bags_per_step == 1
