"""One run: a method on all folds of one repeat of a task, and what it found, as plain numbers."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from examples.benchmarks import measures
from examples.benchmarks.faithfulness import delete, question_stages
from examples.benchmarks.methods import ABLATION, LINEAR, METHODS
from examples.benchmarks.peers import Peer
from examples.benchmarks.protocol import Bench, Budget, answers, train_method
from examples.benchmarks.task import Numbers, Split, Task
from examples.benchmarks.tasks import read_task
from examples.benchmarks.variants import MsmPeer

QUESTIONED = ("abmil", "msm", "msm-explain", "msm-random", "acmil", "aem")
"""The methods whose maps are tested by taking tiles out."""
QUESTIONED_BAGS = 6
"""So many bags of each fold, of those with truth."""

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """What is to be run."""

    task: str
    repeat: int
    method: str
    most_folds: int | None = None
    """Only the first folds; None for all."""


def perform(run: Run, data: Path, work: Path, budget: Budget) -> Record:
    """Train and measure; a record that JSON can hold."""
    task = read_task(run.task, run.repeat, data, work)
    folds = task.folds[: run.most_folds]
    if run.method in LINEAR:
        found = [_linear(run.method, task, fold) for fold in folds]
    else:
        found = [_fold(run, task, fold, _Place(work, budget, number)) for number, fold in enumerate(folds)]
    return asdict(run) | {"budget": asdict(budget), "folds": found}


@dataclass(frozen=True, slots=True)
class _Place:
    work: Path
    budget: Budget
    number: int


def _fold(run: Run, task: Task, fold: Split, place: _Place) -> Record:
    bench = Bench(task, fold, place.work)
    make = METHODS.get(run.method) or ABLATION[run.method]
    trained = train_method(make, bench, fold, place.budget, seed=1000 * run.repeat + place.number)
    record = _answers(task, fold, answers(trained.peer, bench, fold.test)) | {
        "val_loss": trained.val_loss,
        "val_margins": _margins(trained.val_logits),
        "val_labels": task.labels[fold.val].tolist(),
        "epochs": trained.epochs,
        "seconds_per_epoch": trained.seconds_per_epoch,
    }
    if task.truth is not None:
        record |= {"val_maps": _maps_measured(task, fold.val, trained.peer, bench)}
        record |= {"maps": _maps_measured(task, fold.test, trained.peer, bench)}
        if run.method in QUESTIONED:
            record |= {"questions": _questions(trained.peer, bench, fold)}
    return record


def _answers(task: Task, fold: Split, logits: np.ndarray) -> Record:
    return {
        "bags": fold.test.tolist(),
        "groups": [task.groups[index] for index in fold.test],
        "labels": task.labels[fold.test].tolist(),
        "margins": _margins(logits),
    }


def _margins(logits: np.ndarray) -> list[float]:
    return [round(float(value), 5) for value in logits[:, 1] - logits[:, 0]]


def _maps_measured(task: Task, chosen: Numbers, peer: Peer, bench: Bench) -> Record:
    """Measure bag by bag; finds only where there is evidence, that is in positive bags."""
    rows: dict[str, list[Any]] = defaultdict(list)
    for index, maps in zip(chosen, _maps_of(peer, bench, chosen), strict=True):
        for name, value in _map_row(task, int(index), maps):
            rows[name].append(value)
    return dict(rows)


def _maps_of(peer: Peer, bench: Bench, chosen: Numbers) -> Iterator[measures.Scores]:
    for index in chosen:
        with torch.inference_mode():
            maps = peer(*bench.batch(np.array([index]))).maps[0]
        yield maps.double().numpy()


def _map_row(task: Task, index: int, maps: measures.Scores) -> Iterator[tuple[str, Any]]:
    truth = task.truth
    assert truth is not None
    kinds = truth.kinds[index]
    best = measures.best_tiles(maps)
    yield "effective_tiles", round(measures.effective_tiles(maps), 3)
    if len(maps) > 1:
        yield "rank_correlation", _rounded(measures.rank_correlation(maps))
        yield "overlap", _rounded(measures.overlap(best))
        yield "kinds", measures.counts_of_kinds(best, kinds, len(truth.names)).tolist()
    if task.labels[index] and np.isin(kinds, truth.evidence).any():
        yield "bag", index
        for name, value in asdict(measures.finds(measures.fused(maps), kinds, truth.evidence)).items():
            yield name, _rounded(value)
        if len(maps) > 1:
            yield "localisation_by_stage", [_rounded(auc) for auc in measures.localisation(maps, kinds, truth.evidence)]
        turns = measures.finds(measures.by_turns(maps), kinds, truth.evidence)
        yield "coverage_r_by_turns", _rounded(turns.coverage_r)
        yield "coverage_10_by_turns", _rounded(turns.coverage_10)


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)


def _questions(peer: Peer, bench: Bench, fold: Split) -> Record:
    rng = np.random.default_rng(0)
    chosen = rng.permutation(fold.test)[:QUESTIONED_BAGS]
    deletions = [
        delete(peer, bench.bags[index], maps, rng)
        for index, maps in zip(chosen, _maps_of(peer, bench, chosen), strict=True)
    ]
    record: Record = {name: [round(getattr(one, name), 4) for one in deletions] for name in ("morf", "lerf", "random")}
    if isinstance(peer, MsmPeer):
        record["stages"] = [asdict(question_stages(peer, bench.bags[index], rng)) for index in chosen]
    return record


def _linear(method: str, task: Task, fold: Split) -> Record:
    if method == LINEAR[1]:
        assert task.colours is not None
        told = task.colours
    else:
        told = np.stack([bag.mean(0) for bag in task.bags])
    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=2000))
    learnt = np.concatenate([fold.train, fold.val])  # nothing is chosen, so nothing need be held back
    model.fit(told[learnt], task.labels[learnt])
    margins = model.decision_function(told[fold.test])
    return _answers(task, fold, np.stack([np.zeros_like(margins), margins], 1))
