"""The figures of RESULTS.md."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

Table = dict[str, Any]

COLOURS = {"msm": "#D55E00", "abmil": "#0072B2", "msm-random": "#999999", "acmil": "#009E73", "msm-explain": "#CC79A7"}
"""Okabe and Ito's; every other method is drawn small and grey."""


def draw_all(tables: Mapping[str, Table], folder: Path) -> None:
    """Draw the figures into a folder."""
    folder.mkdir(exist_ok=True)
    _auc(tables["results"]).savefig(folder / "auc.png", dpi=150)
    _finds(tables["stages"]).savefig(folder / "finds.png", dpi=150)


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


def _finds(stages: Table) -> Figure:
    figure = Figure((11, 0.42 * len(stages) + 1.6), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    titles = ("coverage@R, maps by turns", "rank correlation of stages", "stage tells kind of tile (nats)")
    for axes, title in zip(panels, titles, strict=True):
        axes.set_title(title, fontsize=10)
        _mark_tasks(axes, stages)
    for row, table in enumerate(stages.values()):
        for name, colour in COLOURS.items():
            if name in table:
                _mark(panels, row, table[name], colour)
    panels[1].axvline(0.6, color="black", lw=0.8, ls=":")
    for name, colour in COLOURS.items():
        panels[0].plot([], [], "o", color=colour, label=name)
    figure.legend(loc="outside lower center", ncols=len(COLOURS), frameon=False)
    return figure


def _mark(panels: np.ndarray, row: int, told: Table, colour: str) -> None:
    panels[0].plot(told["coverage_r_by_turns"]["value"], row, "o", color=colour, ms=6, alpha=0.85)
    if "rank_correlation" in told:
        panels[1].plot(told["rank_correlation"], row, "o", color=colour, ms=6, alpha=0.85)
        panels[2].plot(told["stage_tells_kind"]["value"], row, "o", color=colour, ms=6, alpha=0.85)


def _mark_tasks(axes: Any, tasks: Table) -> None:
    axes.set_yticks(range(len(tasks)), list(tasks))
    axes.set_ylim(len(tasks) - 0.4, -0.6)
    axes.grid(axis="x", color="#dddddd", lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)
