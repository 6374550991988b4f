"""How the presets were chosen: figures of settings on validation bags, the rule, and the page that tells both."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from examples.benchmarks.measures.statistics import Resampled, auc_resampled, resampling_of
from examples.benchmarks.methods.settings import SETTINGS, twin_of
from examples.benchmarks.report.finds_tables import find_resampled, information_resampled, told
from examples.benchmarks.report.interval import interval
from examples.benchmarks.report.rows import table
from examples.benchmarks.runs import Record
from examples.benchmarks.tasks.catalogue import PATTERN_TASKS

Figures = dict[str, Any]
SLACK = 0.01
"""A setting of `explain` may have an AUC so much below the best."""
ALIKE = 0.6
"""Stages rank tiles alike where the median rank correlation of two is this or more."""
FINALISTS = 2
"""Of each preset, beside the twin of the first whose fusion is the mean."""

OPENING = """
# How the presets were chosen

Made by `make bench-choose`; nothing here is written by hand. Every figure is of validation bags; no test bag was looked
at. Means over tasks; intervals are 95 %, from 1,000 resamples of repeats and of groups, paired where two settings are
compared. *Evidence map* and *attention map* are coverage@R on the pattern tasks; *stage tells kind* is mutual
information in nats; *alike* counts the tasks on which the median rank correlation of two stages is 0.6 or more.

The rule was set before anything was run. For `default`: the highest mean of AUC and evidence-map coverage. For
`explain`: the highest mutual information among settings that are alike on at most one task in ten and whose AUC is at
most 0.01 below the best; where there is none, among those that are alike on the fewest tasks. Fusion is by attention,
unless its AUC is significantly below that of the same setting with mean fusion.
"""


def figures_of(records: Mapping[str, Sequence[Record]], reference: str) -> dict[str, Figures]:
    """Return the figures of each method, means over its tasks, from the records of all its runs."""
    of_task: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for name, each in records.items():
        for record in each:
            of_task[record["task"]][name].append(record)
    parts = {name: _resampled(name, of_task) for name in records}
    return {name: _told(parts[name], parts[reference]) | _of_stages(name, of_task) for name in records}


def _resampled(name: str, of_task: Mapping[str, Mapping[str, Sequence[Record]]]) -> dict[str, Resampled]:
    each: dict[str, list[Resampled]] = defaultdict(list)
    for task, of_methods in of_task.items():
        records, resampling = of_methods[name], resampling_of(of_methods)
        each["auc"].append(auc_resampled(records, resampling, pooled=False))
        if task in PATTERN_TASKS:
            each["attention_coverage"].append(find_resampled(records, "coverage_r", resampling))
            each["evidence_coverage"].append(find_resampled(records, "evidence_coverage_r", resampling))
        if "kinds" in records[0]["folds"][0]["maps"]:
            each["information"].append(information_resampled(records, resampling))
    return {measure: np.mean(values, axis=0) for measure, values in each.items()}


def _told(ours: Mapping[str, Resampled], theirs: Mapping[str, Resampled]) -> Figures:
    over = {f"{name}_over_reference": told(ours[name] - theirs[name]) for name in ours if name in theirs}
    return {name: told(values) for name, values in ours.items()} | over


def _of_stages(name: str, of_task: Mapping[str, Mapping[str, Sequence[Record]]]) -> Figures:
    correlations, weights = {}, []
    for task, of_methods in of_task.items():
        maps = [fold["maps"] for record in of_methods[name] for fold in record["folds"]]
        weights += [row for each in maps for row in each.get("weights", [])]
        alike = np.array([value for each in maps for value in each.get("rank_correlation", [])], float)
        if len(alike):
            correlations[task] = round(float(np.nanmedian(alike)), 3)
    return {"rank_correlation": correlations, "weights": np.mean(weights, axis=0).round(3).tolist()}


def pick(figures: Mapping[str, Figures], preset: str) -> list[str]:
    """Return the settings that fuse by attention, the best one for a preset first."""
    fused = {name: each for name, each in figures.items() if name in SETTINGS and "fusion attention" in name}
    if preset == "default":
        return sorted(fused, key=lambda name: -_mean_of_auc_and_coverage(fused[name]))
    best = max(each["auc"]["value"] for each in fused.values())
    near = {name: each for name, each in fused.items() if each["auc"]["value"] >= best - SLACK}
    return sorted(near, key=lambda name: (_too_alike(near[name]), -near[name]["information"]["value"]))


def finalists(screened: Mapping[str, Figures]) -> list[str]:
    """Return the settings that are run in full: the best of each preset, and the first one's twin of mean fusion."""
    chosen = []
    for preset in ("default", "explain"):
        best = pick(screened, preset)[:FINALISTS]
        chosen += [*best, *filter(None, [twin_of(best[0])])]
    return list(dict.fromkeys(chosen))


def _mean_of_auc_and_coverage(each: Figures) -> float:
    return float(each["auc"]["value"] + each["evidence_coverage"]["value"]) / 2


def _too_alike(each: Figures) -> int:
    """Return on how many tasks stages are alike, beyond one in ten."""
    return max(0, _alike(each) - len(each["rank_correlation"]) // 10)


def _alike(each: Figures) -> int:
    return sum(value >= ALIKE for value in each["rank_correlation"].values())


def write_choice(folder: Path, tables: Mapping[str, Mapping[str, Figures]]) -> None:
    """Write choice.json and CHOICE.md."""
    (folder / "choice.json").write_text(json.dumps(tables, indent=1) + "\n", encoding="utf-8")
    screened, final = tables["screened"], tables["final"]
    parts = [
        OPENING.strip(),
        "## In full",
        *(f"For `{preset}`: **{pick(final, preset)[0]}**." for preset in ("default", "explain")),
        _rows(final),
        "## Screening",
        "Four tasks, one repeat of three folds at most.",
        _rows(screened),
    ]
    (folder / "CHOICE.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _rows(figures: Mapping[str, Figures]) -> str:
    head = ("setting", "AUC", "AUC over ABMIL", "evidence map", "attention map", "stage tells kind", "alike", "weights")
    return table(head, ([name, *_row(each)] for name, each in figures.items()))


def _row(each: Figures) -> list[str]:
    values = [f"{each[name]['value']:.3f}" for name in ("evidence_coverage", "attention_coverage")]
    information = f"{each['information']['value']:.3f}" if "information" in each else ""
    weights = " ".join(f"{value:.2f}" for value in each["weights"])
    alike = f"{_alike(each)} of {len(each['rank_correlation'])}" if each["rank_correlation"] else ""
    return [f"{each['auc']['value']:.3f}", interval(each["auc_over_reference"]), *values, information, alike, weights]
