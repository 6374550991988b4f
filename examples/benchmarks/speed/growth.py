"""How each step grows with the slide: python -m examples.benchmarks.speed.growth [--short] [--most 1000000].

Features are drawn, not encoded; everything after the encoder is real. The slides are TIFFs all of whose tiles are one:
any size, and small on disk. Each step runs in a process of its own, which gives its CPU seconds and its peak memory.
Writes growth.json beside this file and growth.png into the documentation; --short goes to 10,000 tiles and writes
nothing.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from examples.benchmarks.speed.growth_steps import STEPS, prepare, run_step

HERE = Path(__file__).parent
FIGURE = Path(__file__).parents[3] / "docs" / "images" / "growth.png"
COUNTS = (1_000, 10_000, 100_000, 1_000_000)
SHORT_MOST = 10_000
LINEAR = 1.15
"""Steps whose CPU time grows with a higher power of the tiles than this are named."""
FEWEST_S = 0.05
"""Shorter steps say nothing of how they grow."""

Row = dict[str, Any]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--most", type=int, default=COUNTS[-1])
    parser.add_argument("--step", nargs=3, metavar=("NAME", "TILES", "FOLDER"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.step:
        _measure_here(*chosen.step)
        return
    counts = [count for count in COUNTS if count <= (SHORT_MOST if chosen.short else chosen.most)]
    rows = measure(counts)
    print(table(rows))
    if not chosen.short:
        written = {"cpus": os.cpu_count(), "steps": rows}
        (HERE / "growth.json").write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
        draw(rows, FIGURE)


def measure(counts: list[int]) -> dict[str, Row]:
    """Return for each step its CPU seconds and peak MiB at each number of tiles, and its exponent."""
    rows: dict[str, Row] = {step: {"tiles": [], "cpu_s": [], "peak_mib": []} for step in STEPS}
    for count in counts:
        with TemporaryDirectory() as folder:
            prepare(count, Path(folder))
            for step, row in rows.items():
                cost = _measure_apart(step, count, folder)
                row["tiles"].append(count)
                row["cpu_s"].append(cost["cpu_s"])
                row["peak_mib"].append(cost["peak_mib"])
                print(f"{count:>9,} tiles  {step:<8} {cost['cpu_s']:8.3f} s  {cost['peak_mib']:6.0f} MiB", flush=True)
    for row in rows.values():
        row["exponent"] = exponent(row["tiles"], row["cpu_s"])
    return rows


def exponent(tiles: list[int], cpu_s: list[float]) -> float | None:
    """Return the power of the number of tiles with which the time grows at the end; None where it is too short."""
    last = [(n, s) for n, s in zip(tiles, cpu_s, strict=True) if s >= FEWEST_S][-2:]
    slopes = [float(np.log(s1 / s0) / np.log(n1 / n0)) for (n0, s0), (n1, s1) in pairwise(last)]
    return round(slopes[0], 2) if slopes else None


def table(rows: dict[str, Row]) -> str:
    """Return the exponents as a Markdown table; what is worse than linear is named."""
    lines = ["| step | grows with the tiles to the power of | |", "| --- | --- | --- |"]
    for step, row in rows.items():
        power = row["exponent"]
        words = "too short to tell" if power is None else f"{power:.2f}"
        worse = "**worse than linear**" if power is not None and power > LINEAR else ""
        lines.append(f"| {step} | {words} | {worse} |")
    return "\n".join(lines)


def draw(rows: dict[str, Row], path: Path) -> None:
    """Draw CPU seconds and peak memory over the number of tiles."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), dpi=150, layout="constrained")
    for axes, key, label in zip(figure.subplots(1, 2), ("cpu_s", "peak_mib"), ("CPU", "peak memory"), strict=True):
        for step, row in rows.items():
            values = np.array(row[key]) / np.array(row[key])[-1]
            axes.loglog(row["tiles"], values, marker="o", markersize=3, label=step)
        axes.set(xlabel="tiles", title=f"{label}, as a share of that at the most tiles")
    axes.legend(fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _measure_apart(step: str, count: int, folder: str) -> dict[str, float]:
    command = [sys.executable, "-m", "examples.benchmarks.speed.growth", "--step", step, str(count), folder]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    cost: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return cost


def _measure_here(step: str, count: str, folder: str) -> None:
    work: Callable[[], object] = run_step(step, int(count), Path(folder))
    start = time.process_time()
    work()
    cpu_s = time.process_time() - start
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"cpu_s": round(cpu_s, 4), "peak_mib": round(peak_kib / 1024, 1)}))


if __name__ == "__main__":
    main()
