"""From the records of all runs to the tables that are published."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from examples.benchmarks.measures.statistics import (
    Figure,
    Resampled,
    accuracy_resampled,
    auc_resampled,
    figure,
    resampling_of,
)
from examples.benchmarks.methods.catalogue import ABLATION, LINEAR, METHODS
from examples.benchmarks.report.coverage_table import coverage_table
from examples.benchmarks.report.finds_tables import finds_table
from examples.benchmarks.runs import Record, Run
from examples.benchmarks.tasks.catalogue import PATTERN_TASKS, TASKS

REFERENCE = "abmil"
POOLED = ("ucsb-tma",)
"""Tasks whose folds may hold one class only: their bags are compared over all folds."""

Table = dict[str, Any]
Records = dict[str, dict[str, list[Record]]]
"""Of each task, of each method, one record a repeat."""


def tables_of(runs: Mapping[Run, Record]) -> dict[str, Table]:
    """Return the tables by name: results, ablation (if it was run) and stages."""
    ablated, main = _sorted_out(runs)
    tables = {"results": _results(main), "stages": _stages(main), "coverage": coverage_table(_patterns_of(main))}
    if ablated:
        tables["ablation"] = _ablation(ablated, main)
    return tables


def _sorted_out(runs: Mapping[Run, Record]) -> tuple[Records, Records]:
    ablated: Records = defaultdict(lambda: defaultdict(list))
    main: Records = defaultdict(lambda: defaultdict(list))
    for run, record in sorted(runs.items(), key=_place):
        (ablated if run.method in ABLATION else main)[run.task][run.method].append(record)
    return ablated, main


def _has_truth(of_methods: Mapping[str, Sequence[Record]]) -> bool:
    return any("maps" in fold for records in of_methods.values() for fold in records[0]["folds"])


def _place(item: tuple[Run, Record]) -> tuple[int, int, int]:
    run = item[0]
    methods = [*METHODS, *LINEAR, *ABLATION]
    return TASKS.index(run.task), methods.index(run.method), run.repeat


def _stages(main: Records) -> Table:
    return {task: finds_table(of, resampling_of(of)) for task, of in main.items() if _has_truth(of)}


def _patterns_of(main: Records) -> Records:
    return {task: of_methods for task, of_methods in main.items() if task in PATTERN_TASKS}


def _results(main: Records) -> Table:
    return {task: _of_task(of_methods, pooled=task in POOLED) for task, of_methods in main.items()}


def _of_task(of_methods: Mapping[str, list[Record]], *, pooled: bool) -> Table:
    resampling = resampling_of(of_methods)
    auc = {name: partial(auc_resampled, resampling=resampling, pooled=pooled) for name in of_methods}
    best = max(of_methods, key=lambda name: auc[name](of_methods[name])[0])
    return {
        name: {
            "repeats": len(records),
            "auc": _row(figure_of(auc[name](records))),
            "auc_by_repeat": [round(float(auc[name]([record])[0]), 4) for record in records],
            "accuracy": _row(figure_of(accuracy_resampled(records, resampling))),
            "accuracy_by_repeat": [round(float(accuracy_resampled([record], resampling)[0]), 4) for record in records],
            "auc_over_abmil": _row(difference(records, of_methods[REFERENCE], auc[name])),
            "auc_over_best": _row(difference(records, of_methods[best], auc[name])),
            "seconds_per_epoch": _seconds(records),
        }
        for name, records in of_methods.items()
    }


def difference(
    records: Sequence[Record], others: Sequence[Record], measure: Callable[[Sequence[Record]], Resampled]
) -> Figure:
    """Return by how much a measure of the first exceeds the others', over the repeats that both have."""
    common = min(len(records), len(others))
    return figure_of(measure(records[:common]) - measure(others[:common]))


def figure_of(resampled: Resampled) -> Figure:
    """Return the figure of (1 + resamples,): the first is its value."""
    return figure(resampled[0], resampled[1:])


def _row(figure: Figure) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(figure).items()}


def _seconds(records: Sequence[Record]) -> float | None:
    each = [fold["seconds_per_epoch"] for record in records for fold in record["folds"] if "seconds_per_epoch" in fold]
    return round(float(np.median(each)), 4) if each else None


def _ablation(ablated: Records, main: Records) -> Table:
    table: Table = defaultdict(dict)
    for task, of_variants in ablated.items():
        everything = {"preset default": main[task]["msm"], "gated ABMIL": main[task][REFERENCE], **of_variants}
        repeats = max(map(len, of_variants.values()))
        trimmed = {name: records[:repeats] for name, records in everything.items()}
        aucs = _results({task: {REFERENCE: trimmed["gated ABMIL"], **trimmed}})[task]
        found = finds_table(trimmed, resampling_of(trimmed)) if _has_truth(of_variants) else {}
        for name in trimmed:
            table[name][task] = {"auc": aucs[name]["auc"]} | found.get(name, {})
    return dict(table)
