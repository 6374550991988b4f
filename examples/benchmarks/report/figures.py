"""The figures of RESULTS.md."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from examples import lung_photographs
from examples.benchmarks.tasks import patterns, tissue
from examples.benchmarks.tasks.catalogue import LUNG_TASK, PATTERN_TASKS

Table = dict[str, Any]

COLOURS = {"msm": "#D55E00", "abmil": "#0072B2"}
"""Okabe and Ito's; every other method is drawn small and grey."""
MAPS = {"attention": "#56B4E9", "evidence": "#D55E00"}
KINDS = {
    **dict.fromkeys(PATTERN_TASKS, patterns.NAMES),
    **dict.fromkeys(("nuclei-crops", "nuclei-grid"), tissue.NUCLEI),
    **dict.fromkeys(tissue.IDC_TASKS, ("other", "tumour")),
    LUNG_TASK: lung_photographs.KINDS,
}
"""What the tiles of a task may be."""
NAMES = {
    "msm": "MSM-MIL, default",
    "msm-explain": "MSM-MIL, explain",
    "msm-random": "default under random masks",
    "msm-explain-random": "explain under random masks",
    "abmil": "gated ABMIL",
    "abmil x 3": "three gated ABMILs",
}


def draw_all(tables: Mapping[str, Table], folder: Path) -> None:
    """Draw the figures into a folder."""
    folder.mkdir(exist_ok=True)
    _auc(tables["results"]).savefig(folder / "auc.png", dpi=150)
    _coverage(tables["coverage"]).savefig(folder / "coverage.png", dpi=150)
    _tissue(tables["stages"]).savefig(folder / "tissue.png", dpi=150)


def _auc(results: Table) -> Figure:
    figure = Figure((8, 0.42 * len(results) + 1.2), layout="constrained")
    axes = figure.subplots()
    for row, of_methods in enumerate(results.values()):
        for name, told in of_methods.items():
            auc = told["auc"]
            if name in ("msm", "abmil"):
                place = row - 0.16 if name == "msm" else row + 0.16
                axes.plot([auc["low"], auc["high"]], [place, place], color=COLOURS[name], lw=2)
                axes.plot(auc["value"], place, "o", color=COLOURS[name], ms=6, zorder=3)
            else:
                axes.plot(auc["value"], row, "|", color="#888888", ms=9)
    _mark_tasks(axes, results)
    axes.set_xlabel("AUC, 95 % interval")
    axes.plot([], [], "o-", color=COLOURS["msm"], label="MSM-MIL (default)")
    axes.plot([], [], "o-", color=COLOURS["abmil"], label="gated ABMIL")
    axes.plot([], [], "|", color="#888888", ms=9, ls="", label="each other method")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def _coverage(coverage: Table) -> Figure:
    order = sorted(coverage, key=lambda name: coverage[name].get("evidence", {"value": 0})["value"])
    figure = Figure((8, 0.36 * len(order) + 1.2), layout="constrained")
    axes = figure.subplots()
    for place, name in enumerate(order):
        for map_name, mark, shift in (("attention", "o", -0.12), ("evidence", "s", 0.12)):
            if map_name in coverage[name]:
                told = coverage[name][map_name]
                axes.plot([told["low"], told["high"]], [place + shift] * 2, color=MAPS[map_name], lw=2)
                axes.plot(told["value"], place + shift, mark, color=MAPS[map_name], ms=6)
    axes.set_yticks(range(len(order)), [NAMES.get(name, name) for name in order])
    axes.set_xlabel("coverage@R, mean of five pattern tasks, 95 % interval")
    axes.grid(axis="x", color="#dddddd", lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    for map_name, mark in (("attention", "o"), ("evidence", "s")):
        axes.plot([], [], mark + "-", color=MAPS[map_name], label=f"map of {map_name}")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _tissue(stages: Table) -> Figure:
    """Draw for each task which kinds of tiles each stage of one model has among its best."""
    figure = Figure((11, 1.35 * -(-len(stages) // 2) + 0.6), layout="constrained")
    panels = figure.subplots(-(-len(stages) // 2), 2, squeeze=False).ravel()
    for axes, (task, table) in zip(panels, stages.items(), strict=False):
        counts = np.array(table["msm-explain"]["kinds_of_one_model"], float)
        shares = counts / counts.sum(1, keepdims=True)
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for stage, kind in np.ndindex(*shares.shape):
            colour = "white" if shares[stage, kind] > 0.6 else "black"
            axes.text(kind, stage, f"{100 * shares[stage, kind]:.0f}", ha="center", va="center", color=colour, size=7)
        axes.set_xticks(range(shares.shape[1]), [kind.replace(" ", "\n") for kind in KINDS[task]], fontsize=7)
        axes.set_yticks(range(len(shares)), [f"stage {number + 1}" for number in range(len(shares))], fontsize=7)
        axes.set_title(task, fontsize=9, loc="left")
    for axes in panels[len(stages) :]:
        axes.set_axis_off()
    figure.colorbar(image, ax=panels, shrink=0.4, label="share of the stage's best tiles")
    return figure


def _mark_tasks(axes: Any, tasks: Table) -> None:
    axes.set_yticks(range(len(tasks)), list(tasks))
    axes.set_ylim(len(tasks) - 0.4, -0.6)
    axes.grid(axis="x", color="#dddddd", lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)
