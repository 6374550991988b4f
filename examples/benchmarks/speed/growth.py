"""How each step grows with the slide: python -m examples.benchmarks.speed.growth [--short] [--most 1000000].

Features are drawn, not encoded; everything after the encoder is real. The slides are TIFFs all of whose tiles are one:
any size, and small on disk. Each step runs in a process of its own, once on the smallest slide, which imports what it
needs, and then measured, in CPU seconds and peak memory (Linux). --short goes to 10,000 tiles. Writes growth.json and
GROWTH.md beside this file and growth.png into the documentation, unless those that are there are of more tiles.
"""

import argparse
import json
import os
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

HEAD = """# How each step grows with the slide

Made by `python -m examples.benchmarks.speed.growth`; nothing here is written by hand.

"""

Row = dict[str, Any]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--most", type=int, default=COUNTS[-1])
    parser.add_argument("--step", nargs=4, metavar=("NAME", "TILES", "FOLDER", "SMALL"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.step:
        _measure_here(*chosen.step)
        return
    counts = [count for count in COUNTS if count <= (SHORT_MOST if chosen.short else chosen.most)]
    rows = measure(counts)
    print(table(rows))
    if counts[-1] < _kept_most():
        print("growth.json is of more tiles, and is left as it is.")
        return
    written = {"cpus": os.cpu_count(), "most": counts[-1], "steps": rows}
    (HERE / "growth.json").write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    (HERE / "GROWTH.md").write_text(HEAD + table(rows) + "\n", encoding="utf-8")
    draw(rows, FIGURE)


def measure(counts: list[int]) -> dict[str, Row]:
    """Return for each step its CPU seconds and peak MiB at each number of tiles, and its exponent."""
    rows: dict[str, Row] = {step: {"tiles": [], "cpu_s": [], "peak_mib": []} for step in STEPS}
    for count in counts:
        with TemporaryDirectory() as folder, TemporaryDirectory() as small:
            prepare(count, Path(folder))
            prepare(COUNTS[0], Path(small))
            for step, row in rows.items():
                cost = _measure_apart(step, count, folder, small)
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
    most = max(tiles for row in rows.values() for tiles in row["tiles"])
    lines = [f"| step, to {most:,} tiles | CPU grows with the tiles to the power of | |", "| --- | --- | --- |"]
    for step, row in rows.items():
        power = row["exponent"]
        words = "too short to tell" if power is None else f"{power:.2f}"
        worse = "**worse than linear**" if power is not None and power > LINEAR else ""
        lines.append(f"| {step} | {words} | {worse} |")
    return "\n".join(lines)


def draw(rows: dict[str, Row], path: Path) -> None:
    """Draw CPU seconds, as shares of the most of each step, and peak memory over the number of tiles."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), dpi=150, layout="constrained")
    time_axes, memory_axes = figure.subplots(1, 2)
    for (step, row), colour in zip(rows.items(), _colours(len(rows)), strict=True):
        shares = np.array(row["cpu_s"]) / max(row["cpu_s"])
        time_axes.loglog(row["tiles"], shares, marker="o", markersize=3, color=colour, label=step)
        memory_axes.loglog(row["tiles"], row["peak_mib"], marker="o", markersize=3, color=colour, label=step)
    tiles = next(iter(rows.values()))["tiles"]
    least, most = tiles[0], tiles[-1]
    time_axes.loglog([least, most], [least / most, 1], "--", color="grey", label="linear")
    time_axes.set(xlabel="tiles", title="CPU, as a share of the most")
    memory_axes.set(xlabel="tiles", title="peak memory with all imports, MiB")
    time_axes.legend(fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _kept_most() -> int:
    path = HERE / "growth.json"
    return int(json.loads(path.read_text(encoding="utf-8"))["most"]) if path.exists() else 0


def _colours(count: int) -> list[tuple[float, ...]]:
    from matplotlib import colormaps

    return [tuple(colour) for colour in colormaps["turbo"](np.linspace(0.05, 0.95, count)).tolist()]


def _measure_apart(step: str, count: int, folder: str, small: str) -> dict[str, float]:
    command = [sys.executable, "-m", "examples.benchmarks.speed.growth", "--step", step, str(count), folder, small]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    cost: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return cost


def _measure_here(step: str, count: str, folder: str, small: str) -> None:
    run_step(step, COUNTS[0], Path(small))()
    work: Callable[[], object] = run_step(step, int(count), Path(folder))
    start = time.process_time()
    work()
    cpu_s = time.process_time() - start
    print(json.dumps({"cpu_s": round(cpu_s, 4), "peak_mib": round(_peak_mib(), 1)}))


def _peak_mib() -> float:
    """Return the peak of this process alone: what resource.getrusage gives begins with the parent's."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
