"""Maps beside the stages' own: evidence, what stages share, how they differ, what moves under a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.display.heatmap import contrast
from msm_mil_core.display.stage_display import EVIDENCE
from msm_mil_core.display.stage_style import stage_name
from msm_mil_core.explain.evidence import evidence_of, held_over
from msm_mil_core.explain.tile_values import found_by, rank_difference, winner_stage
from msm_mil_core.mil.map_names import in_sentence, map_label
from msm_mil_core.mil.prediction import Prediction

Colours = Literal["signed", "amount", "stages", "stage"]
"""Centred on zero; from nothing to much; one colour a stage; the ramp of one stage."""


@dataclass(frozen=True, slots=True, eq=False)
class TileMap:
    """One value a tile, and how it is to be shown and read."""

    key: str
    """One map a key; a new one takes the place of the old."""
    title: str
    legend: str
    """What the values are, which end is which, and over which tiles, in a sentence."""
    values: NDArray[np.float32]
    """(N,), NaN where there is nothing to show."""
    colours: Colours
    limits: tuple[float, float]
    """Values at the two ends of the colours; never equal."""
    stage: int = 0
    """Whose ramp it is, with the colours "stage" alone."""

    def __repr__(self) -> str:
        return f"<TileMap {self.key}: {len(self.values)} tiles>"


def evidence_map(prediction: Prediction, class_index: int, stage: int | None) -> TileMap:
    """Show what each tile adds to a class's log-odds, through one stage or all.

    Raises
    ------
    QuestionError
        If the model has no exact evidence.
    """
    name = prediction.classes[class_index]
    through = _all(prediction) if stage is None else in_sentence(stage_name(stage, prediction.map_classes))
    return TileMap(
        key=EVIDENCE,
        title=f"Evidence for {name}, {through}",
        legend=f"What each tile adds, through {through}, to the log-odds of {name} over "
        f"{held_over(prediction, class_index)}: orange speaks for it, blue against it, clear says nothing. One scale "
        "for both, centred on zero.",
        values=np.asarray(evidence_of(prediction, class_index, stage), np.float32),
        colours="signed",
        limits=_around_zero(evidence_of(prediction, class_index, stage)),
    )


def agreement_map(prediction: Prediction, percent: float) -> TileMap:
    """Show how many stages have a tile among their top tiles; nothing where none has."""
    found = np.asarray(found_by(prediction, percent), np.float32)
    stages = len(prediction.stages)
    return TileMap(
        key="agreement",
        title=f"Found by how many of {stages}",
        legend=f"How many of the {stages} {_kind(prediction)}s have the tile among their top {percent:g} %: the "
        "darker, the more.",
        values=np.where(found > 0, found, np.nan).astype(np.float32),
        colours="amount",
        limits=(0.0, float(stages)),
    )


def winner_map(prediction: Prediction) -> TileMap:
    """Show which stage attends most to a tile."""
    return TileMap(
        key="winner",
        title=f"{_kind(prediction).capitalize()} that attends most",
        legend=f"The {_kind(prediction)} whose attention to the tile is highest, in that {_kind(prediction)}'s colour.",
        values=np.asarray(winner_stage(prediction), np.float32),
        colours="stages",
        limits=(0.5, len(prediction.stages) + 0.5),
    )


def difference_map(prediction: Prediction, one: int, other: int) -> TileMap:
    """Show where one stage ranks tiles higher than another."""
    classes = prediction.map_classes
    first, second = in_sentence(stage_name(one, classes)), in_sentence(stage_name(other, classes))
    return TileMap(
        key="difference",
        title=f"{map_label(one, classes)} minus {map_label(other, classes)} rank",
        legend=f"Rank in {first} minus rank in {second}, over the tiles shown to both: orange where {first} ranks the "
        f"tile higher, blue where {second} does.",
        values=np.asarray(rank_difference(prediction, one, other), np.float32),
        colours="signed",
        limits=(-1.0, 1.0),
    )


def spread_map(stage: int, spread: NDArray[np.float32], runs: int, classes: Sequence[str] = ()) -> TileMap:
    """Show how far a tile's rank moves when other tiles are missing."""
    name = in_sentence(stage_name(stage, classes))
    return TileMap(
        key=f"spread-{stage}",
        title=f"{map_label(stage, classes)} spread of rank",
        legend=f"Standard deviation of the tile's rank in {name} over {runs} runs with tiles "
        "dropped at random: the darker, the less it is to be relied on.",
        values=np.asarray(spread, np.float32),
        colours="amount",
        limits=_from_zero(spread),
    )


def whatif_map(after: Prediction, stage: int) -> TileMap:
    """Show where a stage attends when the model sees only what a question leaves."""
    return TileMap(
        key=f"whatif-{stage}",
        title=f"{map_label(stage, after.map_classes)} rank, what if",
        legend=f"Rank by the attention of {in_sentence(stage_name(stage, after.map_classes))} over the tiles that the "
        "question leaves it.",
        values=contrast(after.stages[stage].attention, "rank"),
        colours="stage",
        limits=(0.0, 1.0),
        stage=stage,
    )


def _all(prediction: Prediction) -> str:
    return f"all {_kind(prediction)}s"


def _kind(prediction: Prediction) -> str:
    return "map" if prediction.map_classes else "stage"


def attribution_map(method: str, class_name: str, values: NDArray[np.float32]) -> TileMap:
    """Show what another method of attribution says of each tile."""
    return TileMap(
        key=f"attribution-{method}",
        title=f"{method[:1].upper()}{method[1:]} for {class_name}",
        legend=f"What {method} attributes to each tile for the logit of {class_name}, against a bag of average tiles: "
        "orange speaks for it, blue against it.",
        values=np.asarray(values, np.float32),
        colours="signed",
        limits=_around_zero(values),
    )


def _around_zero(values: NDArray[np.float32]) -> tuple[float, float]:
    most = float(np.nanmax(np.abs(values), initial=0)) or 1.0
    return -most, most


def _from_zero(values: NDArray[np.float32]) -> tuple[float, float]:
    return 0.0, float(np.nanmax(values, initial=0)) or 1.0
