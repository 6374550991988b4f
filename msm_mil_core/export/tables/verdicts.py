"""A pathologist's verdicts on the stages, for tables and for QuPath."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from msm_mil_core.csv_table import write_table
from msm_mil_core.display.stage_style import stage_name
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult

COLUMNS = ("stage", "label", "note", "at", "weight", "claimed_tiles")
LONGEST = 60
"""Greatest length of a short label, in characters."""


def short_label(annotations: Annotations, stage: int) -> str:
    """Return the verdict on a stage (counted from 0) in one short line; empty if there is none."""
    verdict = annotations.verdict_of(stage)
    words = "" if verdict is None else " ".join(verdict.label.split())
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def verdict_summary(annotations: Annotations, classes: Sequence[str] = ()) -> str:
    """Return all labels in one line, given the classes whose own the maps are; empty if there is none."""
    labels = ((verdict.stage, short_label(annotations, verdict.stage)) for verdict in annotations.verdicts)
    return "; ".join(f"{stage_name(stage, classes)}: {label}" for stage, label in labels if label)


def tile_verdicts(prediction: Prediction, annotations: Annotations) -> list[str]:
    """Return for each tile the label of the stage that claims it; empty where no stage does or it has no verdict."""
    claimed = np.stack([stage.claimed for stage in prediction.stages])  # (S, N)
    labels = [short_label(annotations, stage) for stage in range(len(claimed))]
    by_stage = np.where(claimed.any(axis=0), claimed.argmax(axis=0), -1).tolist()
    return ["" if stage < 0 else labels[stage] for stage in by_stage]


def write_verdicts_csv(result: SlideResult, annotations: Annotations, path: Path) -> None:
    """Write one row a stage: the verdict on it, when it was given, and what the stage did; empty where there is none.

    Raises
    ------
    OutputError
        If it cannot be written there.
    """
    write_table(path, COLUMNS, _verdict_rows(result, annotations))


def _verdict_rows(result: SlideResult, annotations: Annotations) -> Iterator[tuple[object, ...]]:
    for index, stage in enumerate(result.prediction.stages):
        verdict = annotations.verdict_of(index)
        given = ("", "", "") if verdict is None else (verdict.label, verdict.note, verdict.at)
        yield (index + 1, *given, f"{stage.beta:.7g}", int(stage.claimed.sum()))
