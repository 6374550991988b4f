"""Tables of a result: one row a tile for programs, one row a class and one row a stage for people."""

from dataclasses import dataclass
from math import isnan
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.csv_table import write_table
from msm_mil_core.display.stage_style import stage_colour
from msm_mil_core.export.tables.measurements import measure_tiles
from msm_mil_core.export.tables.verdicts import tile_verdicts
from msm_mil_core.mil.prediction import Prediction, StageAttention
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult


@dataclass(frozen=True, slots=True)
class ClassRow:
    """How probable one class is."""

    name: str
    probability: float
    logit: float
    winner: bool
    """Whether no class is more probable."""


@dataclass(frozen=True, slots=True)
class StageRow:
    """One mask stage in numbers."""

    name: str
    colour: str
    """ "#RRGGBB"."""
    beta: float
    """Weight in the prediction."""
    shown: int
    """Tiles that the stage was shown."""
    claimed: int
    """Tiles that the stage claims."""
    effective_tiles: float
    """How many tiles its attention is spread over, 1 to `shown`; 0 if it was shown none."""


def class_rows(prediction: Prediction) -> list[ClassRow]:
    """Return one row per class, the most probable first; equals in the order of the model."""
    triples = zip(prediction.classes, prediction.probabilities, prediction.logits, strict=True)
    rows = [ClassRow(name, float(p), float(logit), name == prediction.winner) for name, p, logit in triples]
    return sorted(rows, key=lambda row: -row.probability)


def stage_rows(prediction: Prediction) -> list[StageRow]:
    """Return one row per stage, in their order."""
    names = prediction.map_names
    return [_stage_row(names[index], index, stage) for index, stage in enumerate(prediction.stages)]


def write_csv(result: SlideResult, path: Path, annotations: Annotations | None = None) -> None:
    """Write one row per tile: its top-left corner in level-0 pixels and micrometres, and all its measurements.

    A cell is empty where a stage was not shown the tile, or the slide's micrometres per pixel are unknown. With
    verdicts in `annotations` there is a column for the verdict on the stage that claims the tile.

    Raises
    ------
    OutputError
        If it cannot be written there.
    """
    columns = _place(result) | {name: _cells(values) for name, values in measure_tiles(result.prediction).items()}
    if annotations is not None and annotations.verdicts:
        columns |= {"Verdict": tile_verdicts(result.prediction, annotations)}
    write_table(path, columns, zip(*columns.values(), strict=True))


def _stage_row(name: str, index: int, stage: StageAttention) -> StageRow:
    shown = int(np.isfinite(stage.attention).sum())
    return StageRow(
        name=name,
        colour=stage_colour(index),
        beta=stage.beta,
        shown=shown,
        claimed=int(stage.claimed.sum()),
        effective_tiles=stage.effective_tiles,
    )


def _place(result: SlideResult) -> dict[str, list[str]]:
    x_px0, y_px0 = result.tiles.xy_px0.T
    mpp = np.nan if result.slide.mpp is None else result.slide.mpp
    return {
        "x_px0": list(map(str, x_px0.tolist())),
        "y_px0": list(map(str, y_px0.tolist())),
        "x_um": _cells(x_px0 * mpp, "%.3f"),
        "y_um": _cells(y_px0 * mpp, "%.3f"),
    }


def _cells(values: NDArray[np.floating], form: str = "%.7g") -> list[str]:
    return ["" if isnan(value) else form % value for value in values.tolist()]
