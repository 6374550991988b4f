"""Deletion and insertion curves as a small figure, for the dock and for reports."""

from matplotlib.axes import Axes
from numpy.typing import NDArray

from msm_mil_core.display.stage_style import stage_colour
from msm_mil_core.explain.faithfulness import Curve, Faithfulness
from msm_mil_core.export.figures.panels import literal
from msm_mil_core.export.figures.style import LETTER_PT, SMALL_PT, Sheet, as_png

HEIGHT_IN = 2.3
RANDOM_BAND = 0.18
"""Opacity of the band of random orders."""


def faithfulness_figure(faithfulness: Faithfulness, sheet: Sheet) -> bytes:
    """Draw as PNG the probability of the answer while tiles are removed (left) and added (right).

    One line a stage in its colour, all stages together in ink, random orders as a dashed mean in a band of one standard
    deviation.
    """
    figure = sheet.figure(HEIGHT_IN)
    deletion, insertion = figure.subplots(1, 2, sharey=True)
    _draw(deletion, faithfulness, sheet, [(curve, curve.deletion) for curve in faithfulness.curves])
    _draw(insertion, faithfulness, sheet, [(curve, curve.insertion) for curve in faithfulness.curves])
    _band(deletion, faithfulness, sheet, (faithfulness.random.deletion, faithfulness.random.deletion_sd))
    _band(insertion, faithfulness, sheet, (faithfulness.random.insertion, faithfulness.random.insertion_sd))
    deletion.set_ylabel(literal(f"P({faithfulness.answer})"), size=LETTER_PT, color=sheet.ink)
    for axes, words in ((deletion, "tiles removed"), (insertion, "tiles added")):
        axes.set_xlabel(f"share of {words}", size=LETTER_PT, color=sheet.ink)
    handles, labels = deletion.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper left", ncols=3, frameon=False, fontsize=SMALL_PT, labelcolor=sheet.ink
    )
    return as_png(figure, "Deletion and insertion curves")


def _draw(axes: Axes, found: Faithfulness, sheet: Sheet, curves: list[tuple[Curve, NDArray]]) -> None:  # type: ignore[type-arg]
    sheet.plain(axes)
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    for curve, values in curves:
        together = curve.stage is None
        colour = sheet.ink if curve.stage is None else stage_colour(curve.stage)
        name = found.name_of(curve)
        axes.plot(found.shares, values, color=colour, linewidth=1.8 if together else 1.4, label=name)


def _band(axes: Axes, found: Faithfulness, sheet: Sheet, random: tuple[NDArray, NDArray]) -> None:  # type: ignore[type-arg]
    mean, sd = random
    axes.fill_between(found.shares, mean - sd, mean + sd, color=sheet.ink, alpha=RANDOM_BAND, linewidth=0)
    axes.plot(found.shares, mean, color=sheet.ink, linewidth=1, linestyle=(0, (3, 2)), label="random")
