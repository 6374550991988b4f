"""The bars that were set before anything was run, and whether they hold."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from examples.benchmarks.tasks import PATTERN_TASKS, TISSUE_TASKS

Table = dict[str, Any]

PUBLISHED = {
    "musk1": (0.900, 0.050),
    "musk2": (0.863, 0.042),
    "fox": (0.603, 0.029),
    "tiger": (0.845, 0.018),
    "elephant": (0.857, 0.027),
}
"""Accuracy of gated attention, Ilse et al. 2018, table 1."""
COVERAGE = "coverage_r"
TELLS = "stage_tells_kind"


def judged(tables: Mapping[str, Table]) -> Iterator[list[str]]:
    """Return one row a bar: what it asks, what came out, and whether it holds."""
    results, stages = tables["results"], tables["stages"]
    yield _published(results)
    yield _best(results)
    yield _nowhere_worse(results)
    for other in ("abmil", "acmil", "msm-random"):
        yield _coverage(stages, other)
    yield _correlation(stages)
    yield _information(stages)
    if "scale" in tables:
        yield from _scale(tables["scale"])


def _published(results: Table) -> list[str]:
    known = {task: row for task, row in PUBLISHED.items() if task in results}
    held = [task for task, (mean, spread) in known.items() if abs(_accuracy(results[task]) - mean) <= spread]
    return _row("gated ABMIL within the published accuracy on 4 of 5 sets", held, known, least=4)


def _accuracy(of_methods: Table) -> float:
    each = of_methods["abmil"]["accuracy_by_repeat"]
    return float(sum(each) / len(each))


def _best(results: Table) -> list[str]:
    held = [task for task, of in results.items() if of["msm"]["auc_over_best"]["high"] >= 0]
    return _row("MSM-MIL has the best or tied-best AUC on 8 tasks", held, results, least=8)


def _nowhere_worse(results: Table) -> list[str]:
    held = [task for task, of in results.items() if of["msm"]["auc_over_abmil"]["high"] >= 0]
    return _row("MSM-MIL nowhere significantly worse than gated ABMIL", held, results, least=len(results))


def _coverage(stages: Table, other: str) -> list[str]:
    tasks = [task for task in PATTERN_TASKS if task in stages]
    held = [task for task in tasks if stages[task]["msm"]["over"][other][COVERAGE]["low"] > 0]
    return _row(f"pattern coverage@R significantly above that of {other}", held, tasks, least=len(tasks))


def _correlation(stages: Table) -> list[str]:
    tasks = _with_truth(stages)
    held = [task for task in tasks if stages[task]["msm"]["rank_correlation"] < 0.6]
    return _row("median rank correlation of two stages below 0.6", held, tasks, least=len(tasks))


def _information(stages: Table) -> list[str]:
    tasks = _with_truth(stages)
    held = [task for task in tasks if stages[task]["msm"]["over"]["msm-random"][TELLS]["low"] > 0]
    return _row("stage and tissue type share significantly more than under random masks", held, tasks, least=len(tasks))


def _with_truth(stages: Table) -> list[str]:
    return [task for task in (*TISSUE_TASKS, *PATTERN_TASKS) if task in stages]


def _scale(scale: Table) -> Iterator[list[str]]:
    bars = {"forward_ratio": 1.6, "training_step_ratio": 1.6, "memory_ratio": 2.0}
    for name, most in bars.items():
        if name in scale:
            value = scale[name]
            yield [
                f"at 100,000 x 1280: {name.replace('_', ' ')} at most {most}",
                f"{value:.2f}",
                _verdict(value <= most),
            ]


def _row(bar: str, held: list[str], among: Collection[str], *, least: int) -> list[str]:
    names = list(among)
    missed = [name for name in names if name not in held]
    told = f"{len(held)} of {len(names)}" + (f"; not {', '.join(missed)}" if missed else "")
    return [bar, told, _verdict(len(held) >= least)]


def _verdict(holds: bool) -> str:
    return "holds" if holds else "**missed**"
