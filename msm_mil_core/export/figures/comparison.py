"""Small figures of a comparison of mask stages, for the dock and for reports, and their findings in sentences."""

from collections.abc import Sequence
from itertools import accumulate
from math import isfinite
from typing import Any

from matplotlib.axes import Axes

from msm_mil_core.display.stage_style import stage_colour
from msm_mil_core.explain.coverage import CoverageStep
from msm_mil_core.explain.stage_comparison import Range, StageComparison, StagePair
from msm_mil_core.export.figures.style import LETTER_PT, SMALL_PT, Sheet, as_png
from msm_mil_core.mil.map_names import map_label, map_pair

COVERAGE_IN, PAIR_IN, PAIRS_IN = 1.9, 0.18, 0.8
"""Heights: of the coverage, of one line of pairs, and of what stands above and below the lines."""
ROOM = 1.12
"""Height of an axis, as a multiple of its highest bar: numbers stand above the bars."""
MOST_NAMED = 6
"""More pairs are only counted."""
NAME_IN, AXIS_IN = 0.55, 0.7
"""Widths that a stage's name and the vertical axis take; where there is less, stages are written as numbers."""
WIDE_IN = 4.0
"""Narrower sheets have no room for long words."""
NOTHING = "Every stage adds something new, and no two stages go beyond what chance gives."

Figures = Sequence[tuple[float, Range]]
"""What was measured, and the range of what chance gives."""


def findings(comparison: StageComparison) -> tuple[str, ...]:
    """Return sentences on the stages that add nothing, and the pairs that lie outside 95 % of chance."""
    pairs = comparison.pairs
    sentences = (
        *_idle(comparison.coverage, comparison.map_classes),
        *_beyond(comparison, _overlaps(pairs), ("overlap less", "overlap more")),
        *_beyond(comparison, _correlations(pairs), ("rank tiles more in opposite order", "rank tiles more alike")),
        *_beyond(comparison, _distances(pairs), ("attend to places closer together", "attend to places further apart")),
    )
    return sentences or (NOTHING,)


def coverage_figure(steps: Sequence[CoverageStep], sheet: Sheet) -> bytes:
    """Draw as PNG how the tissue covered grows from stage to stage, and dashed where a random claim would bring it.

    One step a stage in its colour, from what the stages before it cover to what it covers with them: in mm², or in
    tiles where the slide's micrometres per pixel are unknown.

    Raises
    ------
    ValueError
        If there is no stage.
    """
    per_tile, unit = _unit(steps)
    added = [step.new_tiles * per_tile for step in steps]
    before = [0.0, *accumulate(added)][:-1]
    by_chance = [low + step.by_chance_new_tiles * per_tile for low, step in zip(before, steps, strict=True)]
    figure = sheet.figure(COVERAGE_IN)
    axes = figure.subplots()
    sheet.plain(axes)
    colours = [stage_colour(step.stage) for step in steps]
    axes.bar(range(len(steps)), added, 0.6, before, color=colours, edgecolor=colours, linewidth=1.2)
    _draw_chance(axes, by_chance, sheet)
    _label_growth(axes, before, added, sheet)
    axes.set(ylim=(0, (max(*by_chance, sum(added)) or 1) * ROOM), xlim=(-0.6, len(steps) - 0.4))
    axes.set_xticks(range(len(steps)), _names(steps, sheet))
    axes.set_ylabel(f"{unit} covered", size=LETTER_PT, color=sheet.ink)
    return as_png(figure, "Tissue covered, stage by stage")


def pairs_figure(pairs: Sequence[StagePair], sheet: Sheet, classes: Sequence[str] = ()) -> bytes:
    """Draw as PNG, one line a pair of stages: overlap, rank correlation and distance as dots over the range of chance.

    Raises
    ------
    ValueError
        If there is no pair.
    """
    if not pairs:
        raise ValueError("there is no pair of stages to draw")
    figure = sheet.figure(PAIRS_IN + PAIR_IN * len(pairs))
    overlap, correlation, distance = figure.subplots(1, 3, sharey=True)
    _draw_pairs(overlap, "overlap", _overlaps(pairs), sheet)
    _draw_pairs(correlation, "rank correlation", _correlations(pairs), sheet)
    _draw_pairs(distance, f"distance, {'µm' if isfinite(pairs[0].mpp) else 'pixels'}", _distances(pairs), sheet)
    for axes in (overlap, distance):
        axes.set_xlim(left=0)
    overlap.set_yticks(range(len(pairs)), [_dashed(pair, classes) for pair in pairs])
    overlap.set_ylim(len(pairs) - 0.4, -0.6)
    return as_png(figure, "Pairs of stages beside chance")


def _overlaps(pairs: Sequence[StagePair]) -> Figures:
    return [(pair.overlap, pair.overlap_chance_range) for pair in pairs]


def _correlations(pairs: Sequence[StagePair]) -> Figures:
    return [(pair.rank_correlation, pair.rank_correlation_chance_range) for pair in pairs]


def _distances(pairs: Sequence[StagePair]) -> Figures:
    """Return them in micrometres, or in level-0 pixels where those are unknown."""
    if all(isfinite(pair.mpp) for pair in pairs):
        return [(pair.distance_um, pair.distance_um_chance_range) for pair in pairs]
    return [(pair.distance_px0, pair.distance_px0_chance_range) for pair in pairs]


def _idle(steps: Sequence[CoverageStep], classes: Sequence[str]) -> list[str]:
    if classes:  # no map goes before another
        return []
    idle = [str(step.stage + 1) for step in steps if not step.new_tiles]
    if len(idle) < 2:
        return [f"Stage {number} adds nothing new." for number in idle]
    return [f"Stages {', '.join(idle[:-1])} and {idle[-1]} add nothing new."]


def _beyond(comparison: StageComparison, figures: Figures, verbs: tuple[str, str]) -> list[str]:
    """Return sentences on the pairs with a figure below, and those above the range of chance; NaN is neither."""
    measured = list(zip(comparison.pairs, figures, strict=True))
    below = [pair for pair, (figure, (low, _)) in measured if figure < low]
    above = [pair for pair, (figure, (_, high)) in measured if figure > high]
    sides = zip((below, above), verbs, strict=True)
    return [f"{_called(found, comparison)} {verb} than chance would." for found, verb in sides if found]


def _called(found: Sequence[StagePair], comparison: StageComparison) -> str:
    of, classes = len(comparison.pairs), comparison.map_classes
    kind = "maps" if classes else "stages"
    if len(found) == 1:
        return map_pair(found[0].one, found[0].other, classes)
    if len(found) == of:
        return f"All {of} pairs of {kind}"
    named = f" ({', '.join(_dashed(pair, classes) for pair in found)})" if len(found) <= MOST_NAMED else ""
    return f"{len(found)} of {of} pairs of {kind}{named}"


def _dashed(pair: StagePair, classes: Sequence[str] = ()) -> str:
    return f"{map_label(pair.one, classes)} – {map_label(pair.other, classes)}"


def _names(steps: Sequence[CoverageStep], sheet: Sheet) -> list[str]:
    numbers = [str(step.stage + 1) for step in steps]
    return [f"Stage {number}" for number in numbers] if len(steps) * NAME_IN < sheet.width_in - AXIS_IN else numbers


def _unit(steps: Sequence[CoverageStep]) -> tuple[float, str]:
    """Return what one tile counts, and in what."""
    if not steps:
        raise ValueError("there is no stage to draw")
    first = steps[0]
    known = isfinite(first.area_mm2) and first.tiles
    return (first.area_mm2 / first.tiles, "mm²") if known else (1.0, "tiles")


def _draw_chance(axes: Axes, by_chance: Sequence[float], sheet: Sheet) -> None:
    starts, ends = ([place + aside for place in range(len(by_chance))] for aside in (-0.42, 0.42))
    label = "where a random claim of as many tiles would end" if sheet.width_in > WIDE_IN else "a random claim"
    axes.hlines(by_chance, starts, ends, colors=sheet.ink, linewidths=1, linestyles=(0, (3, 2)), label=label)
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0, "borderpad": 0.2}
    axes.legend(frameon=False, fontsize=SMALL_PT, labelcolor=sheet.ink, **place)


def _label_growth(axes: Axes, before: Sequence[float], added: Sequence[float], sheet: Sheet) -> None:
    for place, (low, more) in enumerate(zip(before, added, strict=True)):
        text = f"+{more:,.0f}" if more >= 100 or more == round(more) else f"+{more:.3g}"
        top = (place, low + more)
        axes.annotate(text, top, (0, 3), textcoords="offset points", ha="center", size=SMALL_PT, color=sheet.ink)


def _draw_pairs(axes: Axes, title: str, figures: Figures, sheet: Sheet) -> None:
    sheet.plain(axes)
    axes.set_title(title, size=LETTER_PT, color=sheet.ink, loc="left")
    for place, (figure, (low, high)) in enumerate(figures):
        axes.plot([low, high], [place, place], color=sheet.faint, linewidth=6, solid_capstyle="butt")
        axes.plot(figure, place, "o", color=sheet.ink, markersize=4, clip_on=False, zorder=3)
    axes.locator_params(axis="x", nbins=3)
