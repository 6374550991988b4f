"""Figures of a method on a task with their uncertainty, and paired differences of two methods.

Uncertainty comes from resampling twice: repeats with replacement, and groups (patients, images) with replacement.
Two methods are compared on the same resamples.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from examples.benchmarks.runs import Record

RESAMPLES = 1000
Resampled = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def positive(self) -> bool:
        """Whether the interval lies above 0."""
        return self.low > 0

    @property
    def negative(self) -> bool:
        """Whether the interval lies below 0."""
        return self.high < 0


def figure(value: float, resampled: Resampled) -> Figure:
    """Join a figure with the interval of its resamples."""
    finite = resampled[np.isfinite(resampled)]
    low, high = np.percentile(finite, (2.5, 97.5)) if len(finite) else (np.nan, np.nan)
    return Figure(float(value), float(low), float(high))


class Resampling:
    """How often each group of each repeat is drawn, 1000 times over; the same for all methods of a task."""

    def __init__(self, groups: Sequence[str], repeats: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        names = sorted(set(groups))
        self.column = {name: index for index, name in enumerate(names)}
        share = np.full(len(names), 1 / len(names))
        self.groups = rng.multinomial(len(names), share, RESAMPLES).astype(np.float64)  # (resamples, groups)
        self.repeats = rng.multinomial(repeats, np.full(repeats, 1 / repeats), RESAMPLES).astype(np.float64)

    def weights(self, groups: Sequence[str]) -> Resampled:
        """Return how often each of these bags is drawn, after a first row of ones: (1 + resamples, bags)."""
        drawn = self.groups[:, [self.column[name] for name in groups]]
        return np.concatenate([np.ones((1, drawn.shape[1])), drawn])

    def over_repeats(self, each: Sequence[Resampled]) -> Resampled:
        """Return the mean over repeats, drawn again and again, of what each repeat gives (1 + resamples,)."""
        weights = np.concatenate([np.ones((1, len(each))), self.repeats[:, : len(each)]])
        values = np.stack(each, 1)
        weights = np.where(np.isfinite(values), weights, 0)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.nansum(weights * np.nan_to_num(values), 1) / weights.sum(1))


def resampling_of(of_methods: Mapping[str, Sequence[Record]]) -> Resampling:
    """Return the resampling that all methods of a task share."""
    groups = {
        name for records in of_methods.values() for r in records for fold in r["folds"] for name in fold["groups"]
    }
    return Resampling(sorted(groups), max(map(len, of_methods.values())))


def auc_resampled(records: Sequence[Record], resampling: Resampling, *, pooled: bool) -> Resampled:
    """Return the AUC (1 + resamples,): the share of pairs of one fold that are in order, or of all pairs if pooled."""
    return resampling.over_repeats([_auc_of(record, resampling, pooled=pooled) for record in records])


def _auc_of(record: Record, resampling: Resampling, *, pooled: bool) -> Resampled:
    wins, pairs = 0.0, 0.0
    for part in [_joined(record["folds"])] if pooled else record["folds"]:
        labels, margins = np.array(part["labels"]), np.array(part["margins"])  # (bags,), (bags, C or 1)
        weights = resampling.weights(part["groups"])  # (1 + resamples, bags)
        each = [_in_order(margins[:, column], is_it, weights) for column, is_it in _one_against_rest(labels, margins)]
        wins = wins + np.stack([one for one, _ in each])  # (C or 1, 1 + resamples)
        pairs = pairs + np.stack([all_pairs for _, all_pairs in each])
    with np.errstate(invalid="ignore"):
        return np.asarray((wins / pairs).mean(0))


def _one_against_rest(labels: NDArray[np.int64], margins: Resampled) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Return each column of the margins with the bags that are of its class."""
    columns = margins.shape[1]
    return ((column, labels == (column if columns > 1 else 1)) for column in range(columns))


def _in_order(margins: Resampled, is_it: NDArray[np.bool_], weights: Resampled) -> tuple[Resampled, Resampled]:
    """Return how many pairs of a bag of the class and one of the rest are in order, and how many there are."""
    above = np.sign(margins[is_it][:, None] - margins[~is_it]) / 2 + 0.5
    of_pos, of_neg = weights[:, is_it], weights[:, ~is_it]
    return ((of_pos @ above) * of_neg).sum(1), of_pos.sum(1) * of_neg.sum(1)


def _joined(folds: Sequence[Record]) -> Record:
    return {name: [value for fold in folds for value in fold[name]] for name in ("labels", "margins", "groups")}


def accuracy_resampled(records: Sequence[Record], resampling: Resampling) -> Resampled:
    """Return the share of bags that are answered right (1 + resamples,)."""
    each = []
    for record in records:
        joined = _joined(record["folds"])
        margins = np.array(joined["margins"])
        answers = margins.argmax(1) if margins.shape[1] > 1 else margins[:, 0] > 0
        right = answers == np.array(joined["labels"])
        weights = resampling.weights(joined["groups"])
        each.append((weights * right).sum(1) / weights.sum(1))
    return resampling.over_repeats(each)


def mean_resampled(
    values: Sequence[Sequence[float | None]], groups: Sequence[Sequence[str]], resampling: Resampling
) -> Resampled:
    """Return the mean over bags (1 + resamples,), given for each repeat the bags' values and groups."""
    each = []
    for row, names in zip(values, groups, strict=True):
        numbers = np.array(row, float)
        weights = resampling.weights(names) * np.isfinite(numbers)
        with np.errstate(invalid="ignore"):
            each.append((weights * np.nan_to_num(numbers)).sum(1) / weights.sum(1))
    return resampling.over_repeats(each)
