"""The history of a training, epoch by epoch, as a table and as a figure."""

from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

from matplotlib.figure import Figure

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.csv_table import write_table
from msm_mil_core.learning.training.state import Epoch

TRAINING, VALIDATION = "#0072B2", "#D55E00"  # Okabe and Ito's blue and vermilion


def write_curves(epochs: Sequence[Epoch], path: Path) -> None:
    """Write one line for each epoch as CSV.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_table(path, [field.name for field in fields(Epoch)], map(astuple, epochs))


def draw_curves(epochs: Sequence[Epoch], best: int, path: Path) -> None:
    """Draw the losses over the epochs as PNG, with a line at the epoch that was chosen.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    numbers = [epoch.number for epoch in epochs]
    axes.plot(numbers, [epoch.train_loss for epoch in epochs], color=TRAINING, label="training, all stages")
    axes.plot(numbers, [epoch.val_loss for epoch in epochs], color=VALIDATION, label="validation, calibrated")
    axes.axvline(best, color="0.5", linestyle=":", label=f"chosen: epoch {best}")
    axes.set(xlabel="epoch", ylabel="loss", title="Losses over the epochs")
    axes.legend(frameon=False)
    with whole_file(path) as part:
        figure.savefig(part, format="png", dpi=150)
