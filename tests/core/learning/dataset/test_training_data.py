"""Bags are read once where they fit into memory, and again where they do not; what is trained is the same."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.bags import feature_table
from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.bag_dataset import BagDataset, label_bags, read_bag_dataset
from msm_mil_core.learning.dataset.origin import Origin
from msm_mil_core.learning.dataset.split_options import SplitOptions
from msm_mil_core.learning.dataset.splits import split_bags
from msm_mil_core.learning.dataset.training_data import GIB, read_training_data
from msm_mil_core.learning.evaluation.evaluate import with_figures
from msm_mil_core.learning.training.train import train_on
from msm_mil_core.progress import finish
from tests.bags import ORIGIN, a_table, labelled, some_options

COUNT, N, P = 12, 20, 6
BAG_BYTES = N * P * 4


@pytest.fixture
def bags(tmp_path: Path) -> BagDataset:
    """Files of N tiles each, split 8 : 2 : 2."""
    rng, lines = np.random.default_rng(0), ["slide,label,split"]
    for number in range(COUNT):
        with h5py.File(tmp_path / f"s{number}.h5", "w") as file:
            file["features"] = rng.normal(number % 2, 1, (N, P)).astype(np.float32)
        part = {8: "val", 9: "val", 10: "test", 11: "test"}.get(number, "train")
        lines.append(f"s{number},{'xy'[number % 2]},{part}")
    dataset = read_bag_dataset(tmp_path, a_table(tmp_path / "labels.csv", lines))
    return replace(dataset, origin=ORIGIN)


@pytest.fixture
def reads(monkeypatch) -> Counter[str]:
    """How often each file was opened for its rows, counted by a stand-in for the opening of files."""
    counted, open_hdf5 = Counter(), feature_table.open_hdf5

    def counting(path: Path):
        counted[path.stem] += 1
        return open_hdf5(path)

    monkeypatch.setattr(feature_table, "open_hdf5", counting)
    return counted


def trained_on(bags: BagDataset, keep_gib: float, epochs: int = 3):
    options = some_options(epochs=epochs)
    data = finish(read_training_data(bags, keep_gib))
    return finish(with_figures(finish(train_on(data, options)), data.bags, device="cpu"))


def test_bags_that_fit_are_read_once_for_statistics_training_and_evaluation(bags, reads):
    trained_on(bags, keep_gib=1)

    assert reads == dict.fromkeys(bags.names, 1)


def test_bags_that_do_not_fit_are_read_again_in_each_pass(bags, reads):
    trained_on(bags, keep_gib=8 * BAG_BYTES / GIB)  # room for those trained on

    trained, validated, tested = (bags.part(part).names for part in ("train", "val", "test"))
    assert {reads[name] for name in trained} == {1}
    assert {reads[name] for name in validated} == {1 + 3 + 1}  # checked, three epochs, evaluated
    assert {reads[name] for name in tested} == {1 + 1}


@pytest.mark.parametrize("fitting", [0, 3, 9, 12])
def test_the_model_does_not_depend_on_what_fits(bags, fitting):
    whole, parted = trained_on(bags, keep_gib=1), trained_on(bags, keep_gib=(fitting * BAG_BYTES + 7) / GIB)

    assert parted.record == whole.record
    assert all(np.array_equal(parted.state[name], whole.state[name]) for name in whole.state)


@given(st.floats(0, COUNT + 1))
def test_no_more_is_kept_than_the_budget(tmp_path_factory, share: float):
    path = tmp_path_factory.getbasetemp() / "same.h5"
    with h5py.File(path, "w") as file:
        file["features"] = np.ones((N, P), np.float16)
    table = feature_table.open_table(path)
    tables = {f"s{number}": table for number in range(COUNT)}
    split = split_bags(label_bags(tables, ["x", "y"] * 6, Origin()), SplitOptions())

    budget = share * BAG_BYTES / 2  # stored in half precision, and kept so
    kept = [its.held for its in finish(read_training_data(split, budget / GIB)).bags.tables if its.held is not None]

    assert sum(rows.nbytes for rows in kept) <= budget
    assert len(kept) == min(COUNT, int(int(budget) // (BAG_BYTES / 2)))
    assert all(rows.dtype == np.float16 for rows in kept)


def test_statistics_are_those_of_the_tiles_trained_on():
    rng = np.random.default_rng(0)
    tiles = {f"s{number}": rng.normal(3, 2, (5 + number, P)).astype(np.float32) for number in range(COUNT)}
    split = split_bags(labelled(tiles, ["x", "y"] * 6), SplitOptions())

    statistics = finish(read_training_data(split, 1)).statistics

    trained = np.concatenate([tiles[name] for name in split.part("train").names])
    np.testing.assert_allclose(statistics.mean, trained.mean(0), rtol=1e-5)
    np.testing.assert_allclose(statistics.std, trained.std(0), rtol=1e-5)


def test_a_file_that_changes_after_it_was_kept_does_not_matter_and_before_is_refused(bags):
    data = finish(read_training_data(bags, 1))
    path = bags.tables[0].path
    with h5py.File(path, "r+") as file:
        file["features"][0] = np.nan

    assert np.isfinite(data.bags.features(0)).all()
    with pytest.raises(TrainingError, match="not finite"):
        finish(read_training_data(read_bag_dataset(path.parent, path.parent / "labels.csv"), 1))
