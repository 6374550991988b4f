"""The bench's tasks: what may not leak, does not."""

import zlib
from functools import cache, partial

import numpy as np
import pytest

from examples.benchmarks.tasks import lung
from examples.benchmarks.tasks.catalogue import TASKS, read_task
from examples.benchmarks.tasks.patterns import OTHERS, PATTERNS, RULES, SIZES, TILES, read_patterns
from examples.benchmarks.tasks.task import folds_by_group, stratified_folds

GROUPED = tuple(
    name
    for name in TASKS
    if name not in ("nuclei-crops", "nuclei-grid", "idc-any", "idc-tenth", "oscc", "lung-mosaics")
)


@pytest.fixture(scope="module")
def patterns():
    """Draw the bags of each rule once."""
    return cache(partial(read_patterns, repeat=0))


@pytest.fixture
def shared_data(shared):
    return shared("bags").parent


def test_folds_never_part_a_group_and_test_every_bag_once():
    rng = np.random.default_rng(0)
    labels, groups = rng.integers(0, 2, 120), [f"patient {number}" for number in rng.integers(0, 40, 120)]

    folds = stratified_folds(labels, groups, 5, seed=1)

    assert np.array_equal(np.sort(np.concatenate([fold.test for fold in folds])), np.arange(120))
    for fold in folds:
        parts = [{groups[bag] for bag in part} for part in (fold.train, fold.val, fold.test)]
        assert not parts[0] & parts[1]
        assert not parts[0] & parts[2]
        assert not parts[1] & parts[2]
        assert len(fold.train) + len(fold.val) + len(fold.test) == 120


def test_leaving_groups_out_tests_one_group_a_fold():
    labels, groups = np.array([0, 1] * 12), [f"array {number // 4}" for number in range(24)]

    folds = folds_by_group(labels, groups, seed=0)

    assert [{groups[bag] for bag in fold.test} for fold in folds] == [{f"array {number}"} for number in range(6)]


@pytest.mark.parametrize("rule", RULES)
def test_no_tile_is_in_two_parts_of_a_pattern_task(patterns, shared_data, rule):
    task = patterns(shared_data, rule)

    parts = [
        {tile.tobytes() for bag in part for tile in task.bags[bag]}
        for part in (task.folds[0].train, task.folds[0].val, task.folds[0].test)
    ]

    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]


HOLDS = {
    "any": lambda present: len(present) >= 1,
    "all": lambda present: len(present) == 3,
    "two-of-three": lambda present: len(present) >= 2,
    "both": lambda present: len(present) == 2,
    "one-of-each": lambda present: len(present) == 2,
}


@pytest.mark.parametrize("rule", RULES)
def test_the_label_of_a_pattern_bag_is_what_its_tiles_say(patterns, shared_data, rule):
    task = patterns(shared_data, rule)

    present = [set(kinds.tolist()) & set(PATTERNS) for kinds in task.truth.kinds]

    assert task.labels.tolist() == [int(HOLDS[rule](kinds)) for kinds in present]
    assert {len(bag) for bag in task.bags} == {TILES}
    assert all(set(kinds.tolist()) <= {*PATTERNS, *OTHERS} for kinds in task.truth.kinds)
    assert len(task.bags) == sum(SIZES)


def test_one_of_each_cannot_be_told_by_the_number_of_evidence_tiles(patterns, shared_data):
    task = patterns(shared_data, "one-of-each")

    counts = np.array([np.isin(kinds, PATTERNS).sum() for kinds in task.truth.kinds])

    assert abs(counts[task.labels == 1].mean() - counts[task.labels == 0].mean()) < 0.3


def test_another_repeat_draws_other_bags_and_the_same_one_the_same(patterns, shared_data):
    first = patterns(shared_data, "all")
    again, other = (read_patterns(shared_data, "all", repeat) for repeat in (0, 1))

    assert all(np.array_equal(one, two) for one, two in zip(first.bags, again.bags, strict=True))
    assert not np.array_equal(first.bags[0], other.bags[0])


@pytest.mark.parametrize("name", GROUPED)
def test_every_task_has_both_classes_wherever_they_are_needed(shared_data, tmp_path, name):
    task = read_task(name, 0, shared_data, tmp_path)

    for fold in task.folds:
        assert set(task.labels[fold.train]) == set(task.labels[fold.val]) == {0, 1}
    assert len(task.bags) == len(task.labels) == len(task.groups)


def test_there_is_no_other_rule(tmp_path):
    with pytest.raises(ValueError, match="none-of-them"):
        read_patterns(tmp_path, "none-of-them", 0)


def names_of_tiles(pictures, _work):
    """Numbers drawn from what a tile shows, the same for the same tile, in place of an encoder that takes minutes."""

    def name(tile):
        return np.random.default_rng(zlib.crc32(tile.tobytes())).normal(size=64).astype(np.float32)

    return tuple(np.stack([name(tile) for tile in tiles]) for tiles in pictures.bags)


@pytest.fixture(scope="module")
def lung_mosaics():
    """Draw the mosaics once."""

    @cache
    def read(data):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lung, "encoded", names_of_tiles)
            return lung.read_lung(data, data, 0)

    return read


def test_no_photograph_is_in_two_parts_of_the_lung_mosaics(lung_mosaics, shared_data):
    task = lung_mosaics(shared_data)

    (fold,) = task.folds
    assert [len(part) for part in (fold.train, fold.val, fold.test)] == list(lung.SIZES)
    parts = [{tile.tobytes() for bag in part for tile in task.bags[bag]} for part in (fold.train, fold.val, fold.test)]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]


def test_the_label_of_a_mosaic_is_which_tumours_its_tiles_show(lung_mosaics, shared_data):
    task = lung_mosaics(shared_data)

    assert task.classes == 4
    assert {len(bag) for bag in task.bags} == {8 * 9}
    for label, kinds in zip(task.labels, task.truth.kinds, strict=True):
        assert set(kinds.tolist()) - {0} == set(lung.EVIDENCE[label])
