"""Coverage of the pattern tasks together, by attention and by evidence, and by how much ours exceeds that of others."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from examples.benchmarks.measures.statistics import Resampled, resampling_of
from examples.benchmarks.report.finds_tables import COVERAGE, find_resampled, told
from examples.benchmarks.runs import Record

OURS = ("msm", "msm-explain")
MAPS = dict(zip(("attention", "evidence"), COVERAGE, strict=True))

Tasks = Mapping[str, Mapping[str, Sequence[Record]]]


def coverage_table(tasks: Tasks) -> dict[str, Any]:
    """Return the coverage@R of each method's maps, a mean over the tasks, and ours over theirs, paired by repeat."""
    return {name: _row(name, tasks) for name in _methods(tasks)}


def _methods(tasks: Tasks) -> list[str]:
    """Return the methods with a map on every task."""
    each = [{name for name, records in of.items() if "maps" in records[0]["folds"][0]} for of in tasks.values()]
    return [name for name in next(iter(tasks.values()), {}) if all(name in names for names in each)]


def _row(name: str, tasks: Tasks) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for map_name, find in MAPS.items():
        if all(_has(of[name], find) for of in tasks.values()):
            row[map_name] = told(_mean(tasks, name, find))
            row |= {
                f"{ours}_over_{map_name}": told(_difference(tasks, ours, name, find))
                for ours in OURS
                if all(ours in of for of in tasks.values())
            }
    return row


def _has(records: Sequence[Record], find: str) -> bool:
    return any(find in fold["maps"] for fold in records[0]["folds"])


def _mean(tasks: Tasks, name: str, find: str) -> Resampled:
    each = [find_resampled(of[name], find, resampling_of(of)) for of in tasks.values()]
    return np.asarray(np.mean(each, axis=0))


def _difference(tasks: Tasks, ours: str, other: str, find: str) -> Resampled:
    """Return by how much our evidence map covers more than another's map, over the repeats that both have."""
    each = []
    for of in tasks.values():
        common, resampling = min(len(of[ours]), len(of[other])), resampling_of(of)
        our_map = find_resampled(of[ours][:common], MAPS["evidence"], resampling)
        each.append(our_map - find_resampled(of[other][:common], find, resampling))
    return np.asarray(np.mean(each, axis=0))
