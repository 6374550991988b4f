"""The bench from end to end on a few small tasks, with a budget of two epochs."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from examples.benchmarks.jobs import Workshop, perform_all
from examples.benchmarks.measures.statistics import auc_resampled, resampling_of
from examples.benchmarks.methods.catalogue import ABLATION, CONTROL_OF, METHODS
from examples.benchmarks.methods.peers import FROM_TORCHMIL
from examples.benchmarks.plan import all_runs, quick_runs
from examples.benchmarks.protocol import Bench, Budget, answers, train_method
from examples.benchmarks.report.tables import tables_of
from examples.benchmarks.report.write import write_report
from examples.benchmarks.runs import Run
from examples.benchmarks.tasks import patterns
from examples.benchmarks.tasks.catalogue import PATTERN_TASKS
from examples.benchmarks.tasks.task import Task, stratified_folds

SHORT = Budget(epochs=2)


@pytest.fixture
def shop(shared, tmp_path):
    return Workshop(shared("bags").parent, tmp_path / "work", SHORT, processes=1)


def a_task(bags=60, components=None):
    rng = np.random.default_rng(0)
    labels = np.arange(bags) % 2
    tiles = [rng.normal(size=(rng.integers(4, 12), 10)).astype(np.float32) for _ in range(bags)]
    for bag, label in zip(tiles, labels, strict=True):
        bag[:3, 0] += 6 * label
    groups = tuple(f"patient {number}" for number in range(bags))
    return Task("blobs", tuple(tiles), labels, groups, stratified_folds(labels, groups, 3, 0), components=components)


def auc_of(task, fold, logits):
    margins, labels = logits[:, 1] - logits[:, 0], task.labels[fold.test]
    return (margins[labels == 1][:, None] > margins[labels == 0]).mean()


@pytest.mark.parametrize("method", [name for name in METHODS if name not in FROM_TORCHMIL])
def test_every_method_learns_an_easy_task(tmp_path, method):
    task = a_task()
    bench = Bench(task, task.folds[0], tmp_path)

    trained = train_method(METHODS[method], bench, task.folds[0], Budget(epochs=12, learning_rate=1e-2), seed=0)

    assert auc_of(task, task.folds[0], answers(trained.peer, bench, task.folds[0].test)) > 0.8


@pytest.mark.parametrize("name", ABLATION)
def test_every_row_of_the_ablation_can_be_trained(tmp_path, name):
    task = a_task(24)

    trained = train_method(ABLATION[name], Bench(task, task.folds[0], tmp_path), task.folds[0], SHORT, seed=0)

    assert np.isfinite(trained.val_loss)


def test_a_seed_is_a_result(tmp_path):
    task = a_task()
    bench = Bench(task, task.folds[0], tmp_path)

    first, again, other = (train_method(METHODS["msm"], bench, task.folds[0], SHORT, seed) for seed in (0, 0, 1))

    said = [answers(each.peer, bench, task.folds[0].val).tolist() for each in (first, again, other)]
    assert said[0] == said[1] != said[2]


def test_features_are_standardised_by_the_training_tiles_alone(tmp_path):
    task = a_task()
    fold = task.folds[0]
    strange = list(task.bags)
    for index in fold.test:
        strange[index] = strange[index] + 100

    plain, shifted = (Bench(one, fold, tmp_path) for one in (task, replace(task, bags=tuple(strange))))

    learnt = torch.cat([plain.bags[index] for index in fold.train])
    assert learnt.mean(0).abs().max() < 1e-5
    assert torch.equal(plain.bags[fold.train[0]], shifted.bags[fold.train[0]])


def test_principal_components_come_from_the_training_tiles_and_are_kept(tmp_path):
    task = a_task(components=4)

    first, again = (Bench(task, task.folds[0], tmp_path) for _ in range(2))

    assert first.features == 4
    assert torch.equal(first.bags[0], again.bags[0])
    assert len(list(tmp_path.glob("axes-4-*.npy"))) == 1


def test_a_killed_bench_goes_on_where_it_was(shop, capsys):
    runs = [Run("elephant", 0, name, most_folds=1) for name in ("abmil", "msm")]
    first = perform_all(runs[:1], shop)
    with next(shop.work.glob("runs-*.jsonl")).open("a") as file:
        file.write('{"task": "elephant", "repeat": 0, "meth')

    both = perform_all(runs, shop)

    assert both[0] == first[0]
    assert "2 runs, 1 to do" in capsys.readouterr().out


def test_the_report_is_written_from_what_was_run(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(patterns, "SIZES", (48, 16, 24))
    methods = ("abmil", *CONTROL_OF, *CONTROL_OF.values(), "acmil", "mean", "linear on mean features")
    runs = [Run(task, 0, name, most_folds=2) for task in ("elephant", *PATTERN_TASKS) for name in methods]
    runs += [Run("patterns-any", 0, "masks never", most_folds=2)]

    tables = tables_of(dict(zip(runs, perform_all(runs, shop), strict=True)))
    for name, table in tables.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(table, allow_nan=False))
    write_report(tmp_path)

    text = (tmp_path / "RESULTS.md").read_text()
    assert "| masks never |" in text
    assert "nowhere significantly worse than gated ABMIL" in text
    for name in ("auc", "coverage", "tissue"):
        assert (tmp_path / "figures" / f"{name}.png").stat().st_size > 10_000
    assert tables["coverage"]["msm"]["msm_over_evidence"]["value"] == 0
    assert tables["results"]["elephant"]["abmil"]["auc_over_abmil"] == {"value": 0, "low": 0, "high": 0}


def test_every_planned_run_names_what_there_is():
    for run in [*all_runs(), *quick_runs()]:
        assert run.method in METHODS or run.method in ABLATION or run.method.startswith("linear")
    assert len(all_runs()) == len(set(all_runs()))


def test_an_auc_of_many_classes_is_the_mean_of_each_against_the_rest():
    rng = np.random.default_rng(0)
    labels, margins = np.repeat([0, 1, 2], 20), rng.normal(size=(60, 3)) + 1.5 * np.eye(3)[np.repeat([0, 1, 2], 20)]
    fold = {"labels": labels.tolist(), "margins": margins.tolist(), "groups": [str(bag) for bag in range(60)]}
    record = {"folds": [fold]}

    auc = auc_resampled([record], resampling_of({"one": [record]}), pooled=False)

    wanted = np.mean([roc_auc_score(labels == label, margins[:, label]) for label in range(3)])
    assert auc[0] == pytest.approx(wanted)


@pytest.mark.parametrize("name", ["abmil", "msm", "msm-explain", "acmil", "aem"])
def test_evidence_and_a_bias_add_up_to_the_logits(tmp_path, name):
    task = a_task()
    bench = Bench(task, task.folds[0], tmp_path)
    bags = bench.batch(np.array([0, 1]))
    torch.manual_seed(0)
    peer = METHODS[name](bench.features, 2).eval()

    with torch.inference_mode():
        bias = peer(*bags).logits - peer.evidence(*bags).sum(1)

    torch.testing.assert_close(bias[0], bias[1])
