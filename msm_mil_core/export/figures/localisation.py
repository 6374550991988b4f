"""One picture of how well maps point at known areas: the slide with the areas, then each map under their outlines."""

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from msm_mil_core.display.color_ramps import amount_ramp, signed_ramp
from msm_mil_core.display.heatmap import contrast, contrast_label
from msm_mil_core.display.stage_style import Rgba, stage_colour, stage_ramp
from msm_mil_core.explain.localisation import Localisation, MapScore
from msm_mil_core.export.figures.layout import MARGIN_IN, FigureLayout, lay_out
from msm_mil_core.export.figures.panels import (
    INK,
    SOFT_INK,
    Ground,
    draw_colour_bar,
    draw_ground,
    draw_map,
    draw_probabilities,
    draw_scale_bar,
    literal,
    write,
    write_title,
)
from msm_mil_core.export.figures.result_figure import DPI, answer_and_warning, lay_ground, provenance, write_png
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import Slide
from msm_mil_core.slides.truth import TruthArea

MOST_EVIDENCE = 98
"""Percentile of evidence, without its sign, that has the full colour: a single tile must not pale all others."""
HOW_TO_READ = (
    "Outlined: areas whose class is known. The model does not know where they are. The number in a map is its AUC: how "
    "often it ranks a tile inside the area named there above a tile outside; 1 is always, 0.5 is guessing. Evidence: "
    "orange speaks for the class, blue against it. Attention: the darker, the more a stage draws on the tile."
)
LETTER_IN = 0.072
"""Width of a letter of the words in the strip."""
LONGEST_TARGET = 24
HALO = [withStroke(linewidth=3, foreground="white")]

Spread = tuple[NDArray[np.float32], Sequence[Rgba], tuple[float, float], str]
"""Values as they are drawn, the colours and the limits of the colour bar, and what they are."""


def write_localisation_figure(
    result: SlideResult, slide: Slide | None, found: tuple[Localisation, Sequence[TruthArea]], path: Path
) -> None:
    """Write one PNG: slide with known areas, maps of evidence, then of attention, each with its AUC.

    Parameters
    ----------
    result, path
        What is drawn, and where it is written.
    slide
        The open slide of the result; without it the maps stand on the footprint of the tiles.
    found
        How well the maps point at the areas, and the areas.

    Raises
    ------
    OutputError
        If it cannot be written there, or `slide` is another slide than the result's.
    """
    write_png(result, path, "MSM-MIL, known areas", lambda: _draw(result, lay_ground(result, slide), *found))


def _draw(result: SlideResult, ground: Ground, found: Localisation, areas: Sequence[TruthArea]) -> Figure:
    classes = len(result.prediction.classes)
    page = lay_out(1 + len(found.maps), ground.shape, (classes, classes))
    figure = Figure(figsize=page.size_in, dpi=DPI, facecolor="white")
    _draw_truth(figure.add_axes(page.panels[0]), ground, areas)
    for score, panel, bar in zip(found.maps, page.panels[1:], page.colour_bars[1:], strict=True):
        axes = figure.add_axes(panel)
        _draw_score(axes, figure.add_axes(bar), ground, score)
        _outline(axes, areas)
        write(axes, _number(found, score), (0, 0), (5, 6), color=INK, size=9, path_effects=HALO)
    draw_probabilities(figure.add_axes(page.charts[0]), result.prediction)
    _write_words(figure, page, result)
    return figure


def _draw_truth(axes: Axes, ground: Ground, areas: Sequence[TruthArea]) -> None:
    draw_ground(axes, ground, ground.picture)
    _outline(axes, areas)
    for area in areas:
        at = area.shape.representative_point()
        text = literal(textwrap.fill(area.name, 18))
        axes.text(at.x, at.y, text, color=_hex(area), size=9, weight="bold", ha="center", path_effects=HALO)
    write_title(axes, "Slide, with what is known")
    draw_scale_bar(axes, ground)


def _draw_score(axes: Axes, bar: Axes, ground: Ground, score: MapScore) -> None:
    draw_ground(axes, ground, ground.pale)
    write_title(axes, score.title, None if score.stage is None else stage_colour(score.stage))
    values, points, limits, label = (
        _spread_evidence(score) if score.quantity == "evidence" else _spread_attention(score)
    )
    ramp = LinearSegmentedColormap.from_list(score.title, points)
    draw_map(axes, ground, values, ramp, limits)
    draw_colour_bar(bar, ramp, limits, label)


def _spread_evidence(score: MapScore) -> Spread:
    most = float(np.percentile(np.abs(score.values), MOST_EVIDENCE)) or 1.0
    return score.values, signed_ramp(), (-most, most), "what a tile adds to the log-odds"


def _spread_attention(score: MapScore) -> Spread:
    ramp = amount_ramp() if score.stage is None else stage_ramp(score.stage)
    shown = int(np.isfinite(score.values).sum())
    return contrast(score.values, "rank"), ramp, (0.0, 1.0), contrast_label("rank", shown)


def _outline(axes: Axes, areas: Sequence[TruthArea]) -> None:
    for area in areas:
        rings = [shapely.get_coordinates(ring) for ring in _rings(area.shape)]
        for colour, width in (("white", 3.2), (_hex(area), 1.6)):
            axes.add_collection(LineCollection(rings, colors=colour, linewidths=width, joinstyle="round"), False)


def _rings(shape: BaseGeometry) -> Iterator[BaseGeometry]:
    for polygon in shapely.get_parts(shape):
        yield from (polygon.exterior, *polygon.interiors)


def _number(found: Localisation, score: MapScore) -> str:
    target = textwrap.shorten(found.targets[score.target], LONGEST_TARGET, placeholder="…")
    return literal(f"finds {target}: {score.auc:.2f}")


def _hex(area: TruthArea) -> str:
    return "#{:02X}{:02X}{:02X}".format(*area.rgb)


def _write_words(figure: Figure, page: FigureLayout, result: SlideResult) -> None:
    left, height_in = page.from_left(MARGIN_IN), page.size_in[1]
    answer, warning = answer_and_warning(result)
    figure.text(left, page.from_top(0.38), literal(result.slide.name), size=15, weight="bold", color=INK)
    figure.text(left, page.from_top(0.62), literal(answer), size=11, weight="bold", color=INK)
    _explain(figure.add_axes(page.charts[1]), (1 - page.charts[1][0]) * page.size_in[0] - MARGIN_IN)
    figure.text(left, page.from_top(height_in - 0.3), literal(warning), size=9, weight="bold", color=INK)
    figure.text(left, page.from_top(height_in - 0.1), provenance(result), size=6.5, color=SOFT_INK)


def _explain(axes: Axes, width_in: float) -> None:
    axes.set_axis_off()
    write_title(axes, "How to read")
    words = textwrap.fill(HOW_TO_READ, int(width_in / LETTER_IN))
    write(axes, words, (0, 1), (0, -4), color=INK, size=9, va="top", linespacing=1.5)
