"""The rows of the tables in RESULTS.md, as text."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from examples.benchmarks.methods.catalogue import CONTROL_OF
from examples.benchmarks.report.bars import PUBLISHED
from examples.benchmarks.report.interval import interval

Table = dict[str, Any]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def auc_table(results: Table) -> str:
    """Write the AUC of every method on every task."""
    methods = list(dict.fromkeys(name for of in results.values() for name in of))
    rows = ([name, *(_auc_cell(of.get(name)) for of in results.values())] for name in methods)
    return table(("method", *results), rows)


def _auc_cell(row: Table | None) -> str:
    if row is None:
        return ""
    value = f"{row['auc']['value']:.3f}"
    tied = row["auc_over_best"]["high"] >= 0
    worse, better = row["auc_over_abmil"]["high"] < 0, row["auc_over_abmil"]["low"] > 0
    sign = " ▼" if worse else " ▲" if better else ""
    return f"{f'**{value}**' if tied else value}{_spread(row['auc_by_repeat'])}{sign}"


def _spread(each: Sequence[float]) -> str:
    if len(each) < 2:
        return ""
    mean = sum(each) / len(each)
    return f" ± {(sum((one - mean) ** 2 for one in each) / (len(each) - 1)) ** 0.5:.3f}"


def published_rows(results: Table) -> Iterator[list[str]]:
    """Hold gated ABMIL against the accuracy its authors published."""
    for task, (mean, spread) in PUBLISHED.items():
        if task not in results:
            continue
        yield [task, f"{mean:.3f} ± {spread:.3f}", *(_accuracy(results[task][name]) for name in ("abmil", "msm"))]


def _accuracy(row: Table) -> str:
    each = row["accuracy_by_repeat"]
    mean = sum(each) / len(each)
    return f"{mean:.3f} ± {(sum((one - mean) ** 2 for one in each) / len(each)) ** 0.5:.3f}"


def finds_row(name: str, row: Table) -> list[str]:
    """Tell what the maps of one method find."""
    finds = (
        *("coverage_r", "evidence_coverage_r", "coverage_r_by_turns", "localisation_auc", "evidence_localisation_auc"),
        *("average_precision", "evidence_average_precision"),
    )
    by_stage = ", ".join(f"{auc:.3f}" for auc in row.get("localisation_by_stage", []))
    tiles = f"{row['effective_tiles']:.1f}" if "effective_tiles" in row else ""
    return [name, *(f"{row[find]['value']:.3f}" if find in row else "" for find in finds), by_stage, tiles]


def stage_rows(stages: Table) -> Iterator[list[str]]:
    """Tell how the stages of each method differ on each task."""
    for task, table in stages.items():
        for name, row in table.items():
            if "rank_correlation" in row:
                yield [
                    task,
                    name,
                    f"{row['rank_correlation']:.2f}",
                    f"{row['overlap']:.2f}",
                    interval(row["stage_tells_kind"]),
                    interval(row["over_control"]) if name in CONTROL_OF else "",
                    " ".join(f"{weight:.2f}" for weight in row.get("weights", [])),
                ]


def coverage_rows(coverage: Table) -> Iterator[list[str]]:
    """Tell how much the maps of each method cover, and what the evidence maps of ours cover more."""
    for name, row in coverage.items():
        cells = [f"{row[map_name]['value']:.3f}" if map_name in row else "" for map_name in ("attention", "evidence")]
        for ours in ("msm", "msm-explain"):
            for map_name in ("attention", "evidence"):
                over = row.get(f"{ours}_over_{map_name}")
                cells.append(interval(over) if over else "")
        yield [name, *cells]


def deletion_rows(stages: Table) -> Iterator[list[str]]:
    """Tell how the answer falls while tiles are taken out."""
    for task, table in stages.items():
        for name, row in table.items():
            if "morf" in row:
                each = (row["morf"], row["lerf"], row["random"], row["lerf"] - row["morf"])
                yield [task, name, *(f"{value:.3f}" for value in each)]


def question_rows(stages: Table) -> Iterator[list[str]]:
    """Tell what the answer is without each stage's claimed tiles, and with them alone."""
    for task, table in stages.items():
        row = table["msm"]
        each = (", ".join(f"{value:.3f}" for value in row[name]) for name in ("without_claimed", "only_claimed"))
        yield [task, f"{row['whole']:.3f}", f"{row['without_random']:.3f}", *each]


def ablation_rows(ablation: Table) -> Iterator[list[str]]:
    """Tell what each variant makes of the figures."""
    for name, tasks in ablation.items():
        patterns = [row for task, row in tasks.items() if task.startswith("patterns")]
        others = [row for task, row in tasks.items() if not task.startswith("patterns")]
        known = [row for row in tasks.values() if "coverage_r" in row]
        staged = [row for row in known if "rank_correlation" in row]
        yield [
            name,
            _mean([row["auc"]["value"] for row in patterns]),
            _mean([row["auc"]["value"] for row in others]),
            _mean([row["coverage_r"]["value"] for row in known]),
            _mean([row["evidence_coverage_r"]["value"] for row in known]),
            _mean([row["rank_correlation"] for row in staged]),
            _mean([row["stage_tells_kind"]["value"] for row in staged]),
        ]


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.3f}" if values else ""


def second_rows(results: Table) -> Iterator[list[str]]:
    """Tell what an epoch costs."""
    for task, of in results.items():
        plain, ours = of["abmil"]["seconds_per_epoch"], of["msm"]["seconds_per_epoch"]
        yield [task, f"{plain:.3f}", f"{ours:.3f}", f"{ours / plain:.2f}"]
