"""What the maps of each method find on a task whose tiles are known, and how its stages differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from examples.benchmarks.measures.statistics import Resampled, Resampling, figure, mean_resampled
from examples.benchmarks.methods.catalogue import CONTROL_OF
from examples.benchmarks.runs import Record

FINDS = (
    *("coverage_r", "coverage_r_by_turns", "coverage_10", "localisation_auc", "average_precision"),
    *("evidence_coverage_r", "evidence_coverage_10", "evidence_localisation_auc", "evidence_average_precision"),
)
COVERAGE = ("coverage_r", "evidence_coverage_r")
"""Of the map of attention, and of the map of evidence."""

Row = dict[str, Any]


def finds_table(of_methods: Mapping[str, Sequence[Record]], resampling: Resampling) -> dict[str, Row]:
    """Return one row a method: finds with intervals, differences from others, and figures of its stages."""
    having = {name: records for name, records in of_methods.items() if "maps" in records[0]["folds"][0]}
    return {name: _row(name, having, resampling) for name in having}


def _row(name: str, of_methods: Mapping[str, Sequence[Record]], resampling: Resampling) -> Row:
    records = of_methods[name]
    row: Row = {find: told(find_resampled(records, find, resampling)) for find in FINDS if _has(records, find)}
    if _has(records, "effective_tiles"):
        row["effective_tiles"] = _mean(_values(records, "effective_tiles"))
    if _has_stages(records):
        row["rank_correlation"] = _median(_values(records, "rank_correlation"))
        row["localisation_by_stage"] = _by_stage(records)
        row["overlap"] = _mean(_values(records, "overlap"))
        row["stage_tells_kind"] = told(information_resampled(records, resampling))
        row["kinds_of_one_model"] = np.sum(records[0]["folds"][0]["maps"]["kinds"], axis=0).tolist()
    if _has(records, "weights"):
        row["weights"] = np.mean(_values(records, "weights"), axis=0).round(4).tolist()
    control = of_methods.get(CONTROL_OF.get(name, ""))
    if control is not None:
        row["over_control"] = _over(records, control, resampling)
    return row | _questions(records)


def _over(records: Sequence[Record], others: Sequence[Record], resampling: Resampling) -> dict[str, float]:
    """Return by how much more a stage tells of the kind of its tiles than under random masks."""
    common = min(len(records), len(others))
    ours, theirs = (information_resampled(each[:common], resampling) for each in (records, others))
    return told(ours - theirs)


def _has(records: Sequence[Record], name: str) -> bool:
    return any(name in fold["maps"] for fold in records[0]["folds"])


def find_resampled(records: Sequence[Record], find: str, resampling: Resampling) -> Resampled:
    """Return the mean of a find over bags (1 + resamples,)."""
    values = [[value for fold in record["folds"] for value in fold["maps"].get(find, [])] for record in records]
    groups = [[name for fold in record["folds"] for name in _groups_of_finds(fold)] for record in records]
    return mean_resampled(values, groups, resampling)


def _groups_of_finds(fold: Record) -> Iterator[str]:
    group_of = dict(zip(fold["bags"], fold["groups"], strict=True))
    return (group_of[bag] for bag in fold["maps"].get("bag", []))


def information_resampled(records: Sequence[Record], resampling: Resampling) -> Resampled:
    """Return what a stage tells of the kind of its best tiles, in nats: fold by fold, for stages are a model's own."""
    each = []
    for record in records:
        folds = [_information_of(fold, resampling) for fold in record["folds"]]
        each.append(np.mean(folds, axis=0))
    return resampling.over_repeats(each)


def _information_of(fold: Record, resampling: Resampling) -> Resampled:
    weights = resampling.weights(fold["groups"])  # (1 + resamples, bags)
    counts = np.einsum("rb,bmk->rmk", weights, np.array(fold["maps"]["kinds"], float))
    joint = counts / np.maximum(counts.sum((1, 2), keepdims=True), 1)
    apart = joint.sum(2, keepdims=True) * joint.sum(1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.nansum(np.where(joint > 0, joint * np.log(joint / apart), 0), axis=(1, 2)))


def _has_stages(records: Sequence[Record]) -> bool:
    return "kinds" in records[0]["folds"][0]["maps"]


def _questions(records: Sequence[Record]) -> Row:
    asked = [fold["questions"] for record in records for fold in record["folds"] if "questions" in fold]
    if not asked:
        return {}
    row: Row = {name: _mean([value for one in asked for value in one[name]]) for name in ("morf", "lerf", "random")}
    stages = [test for one in asked for test in one.get("stages", [])]
    if stages:
        row["whole"] = _mean([test["whole"] for test in stages])
        row["without_random"] = _mean([test["without_random"] for test in stages])
        for name in ("without_claimed", "only_claimed"):
            row[name] = np.nanmean([test[name] for test in stages], axis=0).round(4).tolist()
    return row


def _by_stage(records: Sequence[Record]) -> list[float]:
    values = _values(records, "localisation_by_stage")
    if not values:
        return []
    return np.nanmean(np.array(values, float), axis=0).round(4).tolist()


def _values(records: Sequence[Record], name: str) -> list[float]:
    return [value for record in records for fold in record["folds"] for value in fold["maps"].get(name, [])]


def _mean(values: Sequence[float | None]) -> float:
    return round(float(np.nanmean(np.array(values, float))), 4)


def _median(values: Sequence[float | None]) -> float:
    return round(float(np.nanmedian(np.array(values, float))), 4)


def told(resampled: Resampled) -> dict[str, float]:
    """Return a figure (1 + resamples,) with its interval, as JSON holds it."""
    return {name: round(value, 4) for name, value in asdict(figure(resampled[0], resampled[1:])).items()}
