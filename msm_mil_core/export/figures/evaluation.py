"""One figure of an evaluation: how well each model is calibrated, and which classes it confuses."""

import textwrap
import warnings
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.export.figures.panels import FRAME, INK, SOFT_INK, literal
from msm_mil_core.learning.evaluation.bootstrap import Estimate
from msm_mil_core.learning.evaluation.calibration import BINS, EDGES
from msm_mil_core.learning.evaluation.compare_models import ModelComparison
from msm_mil_core.learning.evaluation.evaluate import Evaluation

DPI = 150
WIDTH_IN, ROW_IN, TITLE_IN = 9.5, 4.4, 0.6
BAR = "#0072B2"  # Okabe and Ito's blue
TITLE = "Research use, not for diagnosis"
LONGEST_NAME, LONGEST_TITLE = 22, 48
DARK_SHARE = 0.55
"""Of a label's bags, above which a cell needs white numbers."""
MOST_NUMBERS = 12
"""Classes above which the cells of a confusion matrix are too small for their number."""


def draw_evaluation(comparison: ModelComparison, path: Path) -> None:
    """Draw as PNG, one row a model: a reliability diagram with the number of bags in each bin, a confusion matrix.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    rows = len(comparison.evaluations)
    figure = Figure(figsize=(WIDTH_IN, TITLE_IN + rows * ROW_IN), dpi=DPI, facecolor="white", layout="constrained")
    figure.suptitle(f"{TITLE}\n{literal(comparison.selection.describe())}", size=10, weight="bold", color=INK)
    panels = figure.subplots(rows, 2, squeeze=False)
    for (left, right), evaluation in zip(panels, comparison.evaluations, strict=True):
        _draw_reliability(left, evaluation)
        _draw_confusion(right, evaluation)
    with whole_file(path) as part, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a name in a script that the font lacks
        figure.savefig(part, format="png", metadata={"Title": "MSM-MIL evaluation", "Description": f"{TITLE}."})


def _draw_reliability(axes: Axes, evaluation: Evaluation) -> None:
    calibration, centres = evaluation.calibration, (EDGES[:-1] + EDGES[1:]) / 2
    filled = calibration.counts > 0
    axes.plot([0, 1], [0, 1], color=SOFT_INK, linewidth=1, linestyle=":", label="perfect calibration")
    axes.bar(centres[filled], calibration.accuracy[filled], 0.9 / BINS, color=BAR, alpha=0.35, label="share correct")
    axes.plot(calibration.confidence[filled], calibration.accuracy[filled], "o", color=BAR, markersize=4)
    for centre, bags in zip(centres[filled], calibration.counts[filled], strict=True):
        axes.annotate(f"{bags:.0f}", (centre, 1.03), ha="center", size=7, color=SOFT_INK)
    axes.annotate("bags", (-0.02, 1.03), ha="right", size=7, color=SOFT_INK, annotation_clip=False)
    axes.set(
        xlim=(0, 1), ylim=(0, 1.1), xlabel="probability of the predicted class", ylabel="share of correct predictions"
    )
    axes.set_title(_title(evaluation, f"ECE {_interval(evaluation.metrics.ece)}"), size=9, color=INK, loc="left")
    axes.legend(frameon=False, fontsize=7.5, loc="upper left", bbox_to_anchor=(0, 0.92))
    axes.set_box_aspect(1)


def _draw_confusion(axes: Axes, evaluation: Evaluation) -> None:
    matrix, names = evaluation.confusion, [_short(name) for name in evaluation.predictions.classes]
    of_label = np.maximum(matrix.sum(1, keepdims=True), 1)
    axes.imshow(matrix / of_label, cmap="Blues", vmin=0, vmax=1)
    if len(names) <= MOST_NUMBERS:
        for (row, col), bags in np.ndenumerate(matrix):
            colour = "white" if bags > DARK_SHARE * of_label[row, 0] else INK
            axes.annotate(str(bags), (col, row), ha="center", va="center", size=9, color=colour)
    axes.set_xticks(range(len(names)), names, size=8, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names, size=8)
    axes.set(xlabel="predicted", ylabel="label")
    metric = f"balanced accuracy {_interval(evaluation.metrics.balanced_accuracy)}"
    axes.set_title(_title(evaluation, metric), size=9, color=INK, loc="left")
    for spine in axes.spines.values():
        spine.set(color=FRAME)


def _title(evaluation: Evaluation, metric: str) -> str:
    return f"{literal(textwrap.shorten(evaluation.predictions.title, LONGEST_TITLE, placeholder='…'))}\n{metric}"


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} (95 %: {estimate.low:.3f} to {estimate.high:.3f})"


def _short(name: str) -> str:
    return literal(name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…")
