"""One run: a method on all folds of one repeat of a task, and what it found, as plain numbers."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from examples.benchmarks.measures import maps as measures
from examples.benchmarks.measures.faithfulness import delete, question_stages
from examples.benchmarks.methods.catalogue import ABLATION, LINEAR, METHODS
from examples.benchmarks.methods.peers import AdditivePeer, Peer
from examples.benchmarks.methods.settings import SETTINGS
from examples.benchmarks.methods.variants import MsmPeer
from examples.benchmarks.protocol import Bench, Budget, answers, train_method
from examples.benchmarks.tasks.catalogue import read_task
from examples.benchmarks.tasks.task import Numbers, Split, Task

QUESTIONED = ("abmil", "msm", "msm-explain", "acmil", "aem")
"""The methods whose maps are tested by taking tiles out."""
QUESTIONED_BAGS = 6
"""So many bags of each fold, of those with truth."""

NOTHING = 0
"""The label of bags in which there is nothing to find: evidence is for another label over this one."""

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """What is to be run."""

    task: str
    repeat: int
    method: str
    most_folds: int | None = None
    """Only the first folds; None for all."""
    judged: bool = True
    """Whether the test bags are looked at: not where hyper-parameters are chosen."""


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
    make = METHODS.get(run.method) or ABLATION.get(run.method) or SETTINGS[run.method]
    trained = train_method(make, bench, fold, place.budget, seed=1000 * run.repeat + place.number)
    looked_at = fold.test if run.judged else fold.val
    record = _answers(task, looked_at, answers(trained.peer, bench, looked_at))
    record |= {"epochs": trained.epochs, "seconds_per_epoch": trained.seconds_per_epoch}
    if task.truth is not None:
        record |= {"maps": _maps_measured(task, looked_at, trained.peer, bench)}
        if run.judged and run.method in QUESTIONED:
            record |= {"questions": _questions(trained.peer, bench, fold)}
    return record


def _answers(task: Task, chosen: Numbers, logits: np.ndarray) -> Record:
    return {
        "bags": chosen.tolist(),
        "groups": [task.groups[index] for index in chosen],
        "labels": task.labels[chosen].tolist(),
        "margins": _margins(logits),
    }


def _margins(logits: np.ndarray) -> list[list[float]]:
    """Return of each bag how far each class is above the others; of two classes, the second above the first alone."""
    if logits.shape[1] == 2:
        margins = logits[:, 1:] - logits[:, :1]
    else:
        margins = np.log(p := softmax(logits.astype(float), axis=1).clip(1e-12, 1 - 1e-12)) - np.log1p(-p)
    return margins.astype(float).round(5).tolist()


@dataclass(frozen=True, slots=True, eq=False)
class _Maps:
    """The maps of a bag."""

    attention: measures.Scores | None
    """(M, N), -inf where a map shows nothing; None of a method that does not attend."""
    weights: measures.Scores | None
    """(M,)."""
    evidence: measures.Scores | None
    """(N, C)."""


def _maps_measured(task: Task, chosen: Numbers, peer: Peer, bench: Bench) -> Record:
    """Measure bag by bag; finds only where there is evidence."""
    rows: dict[str, list[Any]] = defaultdict(list)
    for index in chosen:
        for name, value in _map_row(task, int(index), _maps_of(peer, bench, index)):
            rows[name].append(value)
    return dict(rows)


def _maps_of(peer: Peer, bench: Bench, index: int) -> _Maps:
    bag = bench.batch(np.array([index]))
    with torch.inference_mode():
        said, evidence = peer(*bag), peer.evidence(*bag) if isinstance(peer, AdditivePeer) else None
    return _Maps(
        attention=said.maps[0].double().numpy() if peer.attends else None,
        weights=None if said.weights is None else said.weights[0].double().numpy(),
        evidence=None if evidence is None else evidence[0].double().numpy(),
    )


def _map_row(task: Task, index: int, maps: _Maps) -> Iterator[tuple[str, Any]]:
    truth = task.truth
    assert truth is not None
    kinds, label = truth.kinds[index], int(task.labels[index])
    if maps.attention is not None:
        yield from _differences(maps.attention, kinds, len(truth.names))
    if maps.weights is not None:
        yield "weights", maps.weights.round(4).tolist()
    wanted = truth.evidence[label]
    if np.isin(kinds, wanted).any():
        yield "bag", index
        if maps.attention is not None:
            yield from _attention_finds(maps.attention, maps.weights, kinds, wanted)
        if maps.evidence is not None:
            over_nothing = maps.evidence[:, label] - maps.evidence[:, NOTHING]
            yield from _named("evidence_", measures.finds(over_nothing, kinds, wanted))


def _differences(maps: measures.Scores, kinds: Numbers, known: int) -> Iterator[tuple[str, Any]]:
    yield "effective_tiles", round(measures.effective_tiles(maps), 3)
    if len(maps) > 1:
        best = measures.best_tiles(maps)
        yield "rank_correlation", _rounded(measures.rank_correlation(maps))
        yield "overlap", _rounded(measures.overlap(best))
        yield "kinds", measures.counts_of_kinds(best, kinds, known).tolist()


def _attention_finds(
    maps: measures.Scores, weights: measures.Scores | None, kinds: Numbers, wanted: Sequence[int]
) -> Iterator[tuple[str, Any]]:
    yield from _named("", measures.finds(measures.fused(maps, weights), kinds, wanted))
    turns = measures.finds(measures.by_turns(maps), kinds, wanted)
    yield "coverage_r_by_turns", _rounded(turns.coverage_r)
    if len(maps) > 1:
        yield "localisation_by_stage", [_rounded(auc) for auc in measures.localisation(maps, kinds, wanted)]


def _named(start: str, finds: measures.Finds) -> Iterator[tuple[str, float | None]]:
    return ((f"{start}{name}", _rounded(value)) for name, value in asdict(finds).items())


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)


def _questions(peer: Peer, bench: Bench, fold: Split) -> Record:
    rng = np.random.default_rng(0)
    chosen = rng.permutation(fold.test)[:QUESTIONED_BAGS]
    deletions = [
        delete(peer, bench.bags[index], measures.fused(maps.attention, maps.weights), rng)
        for index in chosen
        if (maps := _maps_of(peer, bench, index)).attention is not None
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
    said = model.decision_function(told[fold.test])  # of two classes the second's alone
    return _answers(task, fold.test, said if said.ndim == 2 else np.stack([np.zeros_like(said), said], 1))
