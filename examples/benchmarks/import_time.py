"""What `import msm_mil_core` costs: python -m examples.benchmarks.import_time [--pairs N] [--quick].

Fresh interpreters in alternating order: one that does nothing, one that imports the core, one that imports numpy.
Ratios are medians over the rounds, of wall clock and of CPU time. Writes import_time.json beside this file; --quick
runs three rounds and only prints.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SCRIPTS = {"nothing": "pass", "msm_mil_core": "import msm_mil_core", "numpy": "import numpy"}
BASELINES = ("nothing", "numpy")

Cost = dict[str, float]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=25, help="rounds of all three")
    parser.add_argument("--quick", action="store_true", help="three rounds, nothing written")
    chosen = parser.parse_args()
    measured = measure(3 if chosen.quick else chosen.pairs)
    print(table(measured))
    if not chosen.quick:
        (HERE / "import_time.json").write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")


def measure(rounds: int) -> dict[str, Any]:
    """Return the ratios of the core's import to each baseline, and the medians in milliseconds."""
    for script in SCRIPTS.values():
        _cost(script)  # the files are in the disk cache from now on
    costs = [{name: _cost(script) for name, script in _alternated(number)} for number in range(rounds)]
    ratios = {name: [_ratio(each["msm_mil_core"], each[name]) for each in costs] for name in BASELINES}
    return {
        "rounds": rounds,
        "python": sys.version.split()[0],
        "median_ms": {name: _medians([each[name] for each in costs], 1000) for name in SCRIPTS},
        "ratio_to": {name: _medians(ratios[name]) for name in BASELINES},
    }


def table(measured: dict[str, Any]) -> str:
    """Return the ratios as a Markdown table."""
    lines = ["| import msm_mil_core beside | wall clock | CPU time |", "|---|---|---|"]
    names = {"nothing": "`python -c pass`", "numpy": "`import numpy`"}
    rows = measured["ratio_to"].items()
    lines += [f"| {names[name]} | {ratio['wall']:.2f} | {ratio['cpu']:.2f} |" for name, ratio in rows]
    return "\n".join(lines)


def _alternated(number: int) -> Sequence[tuple[str, str]]:
    order = tuple(SCRIPTS.items())
    return order if number % 2 == 0 else order[::-1]


def _cost(script: str) -> Cost:
    before, start = _cpu_of_children(), time.perf_counter()
    subprocess.run([sys.executable, "-c", script], check=True)
    return {"wall": time.perf_counter() - start, "cpu": _cpu_of_children() - before}


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _ratio(ours: Cost, theirs: Cost) -> Cost:
    return {clock: ours[clock] / theirs[clock] for clock in ours}


def _medians(costs: Sequence[Cost], factor: float = 1) -> Cost:
    return {clock: round(factor * statistics.median(cost[clock] for cost in costs), 3) for clock in ("wall", "cpu")}


if __name__ == "__main__":
    main()
