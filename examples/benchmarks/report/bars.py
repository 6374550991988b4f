"""The bars that were set before anything was run, and whether they hold."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from examples.benchmarks.methods.peers import PEERS
from examples.benchmarks.report.interval import interval
from examples.benchmarks.tasks.catalogue import LUNG_TASK, PATTERN_TASKS

Table = dict[str, Any]

PUBLISHED = {
    "musk1": (0.900, 0.050),
    "musk2": (0.863, 0.042),
    "fox": (0.603, 0.029),
    "tiger": (0.845, 0.018),
    "elephant": (0.857, 0.027),
}
"""Accuracy of gated attention, Ilse et al. 2018, table 1."""


def judged(tables: Mapping[str, Table]) -> Iterator[list[str]]:
    """Return one row a bar: what it asks, what came out, and whether it holds."""
    results, stages = tables["results"], tables["stages"]
    yield _published(results)
    yield _best(results)
    yield _nowhere_worse(results)
    yield from _information(stages)
    yield _correlation(stages)
    for ours, preset in (("msm", "default"), ("msm-explain", "explain")):
        yield _evidence(tables["coverage"], ours, preset)
        yield _attention(tables["coverage"], ours, preset)
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
    return _row("`default`: best or tied-best AUC on at least 14 of 18 tasks", held, results, least=14)


def _nowhere_worse(results: Table) -> list[str]:
    held = [task for task, of in results.items() if of["msm"]["auc_over_abmil"]["high"] >= 0]
    return _row("`default`: AUC nowhere significantly worse than gated ABMIL", held, results, least=len(results))


def _information(stages: Table) -> Iterator[list[str]]:
    held = [task for task in stages if stages[task]["msm-explain"]["over_control"]["low"] > 0]
    asked = "`explain`: stage and kind of tile share significantly more than under random masks, same losses"
    must = [task for task in (*PATTERN_TASKS, LUNG_TASK) if task in stages]
    yield _row(f"{asked}: pattern tasks and lung", [task for task in held if task in must], must, least=len(must))
    others = [task for task in stages if task not in must]
    yield _row(f"{asked}: at least 2 of the others", [task for task in held if task in others], others, least=2)


def _correlation(stages: Table) -> list[str]:
    held = [task for task in stages if stages[task]["msm-explain"]["rank_correlation"] < 0.6]
    asked = "`explain`: median rank correlation of two stages below 0.6 on at least 9 of 10"
    return _row(asked, held, stages, least=9)


def _evidence(coverage: Table, ours: str, preset: str) -> list[str]:
    theirs = {name: row for name, row in coverage.items() if name in PEERS and "evidence" in row}
    best = max(theirs, key=lambda name: theirs[name]["evidence"]["value"])
    over = theirs[best][f"{ours}_over_evidence"]
    told = f"{coverage[ours]['evidence']['value']:.3f}; over that of {best} {interval(over)}"
    asked = f"`{preset}`: coverage of the evidence map not significantly below the best evidence map of any peer"
    return [asked, told, _verdict(over["high"] >= 0)]


def _attention(coverage: Table, ours: str, preset: str) -> list[str]:
    theirs = {name: row for name, row in coverage.items() if name in PEERS and "attention" in row}
    held = [name for name, row in theirs.items() if row[f"{ours}_over_attention"]["low"] > 0]
    asked = f"`{preset}`: coverage of the evidence map significantly above every peer's attention"
    return _row(asked, held, theirs, least=len(theirs))


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
