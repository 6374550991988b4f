"""How well maps point at areas whose class is known: the AUC of their values over tiles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.evidence import evidence_of
from msm_mil_core.explain.tile_values import fused_attention
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.slides.tiling.tiles import TileGrid
from msm_mil_core.slides.truth import OUTSIDE, TruthArea, label_tiles

Quantity = Literal["evidence", "attention"]

ALL_AREAS = "all areas"


@dataclass(frozen=True, slots=True, eq=False)
class MapScore:
    """How well one map points at each target."""

    title: str
    """"Evidence for tumour", "Attention of all stages", "Attention of stage 1"."""
    quantity: Quantity
    stage: int | None
    """Whose attention it is, counted from 0; None for evidence and for all stages together."""
    values: NDArray[np.float32]
    """(N,), the map itself; NaN for tiles that a stage was not shown, which do not count."""
    target: int
    """Which of the targets it should find: the area of the class it is evidence for, else all areas."""
    aucs: tuple[float, ...]
    """For each of the targets: how often a tile inside has a higher value than a tile outside; 0.5 is guessing.

    NaN where the map has no tile inside, or none outside.
    """

    @property
    def auc(self) -> float:
        """The AUC for what it should find."""
        return self.aucs[self.target]


@dataclass(frozen=True, slots=True, eq=False)
class Localisation:
    """How well all maps of a prediction point at the known areas of its slide."""

    targets: tuple[str, ...]
    """The classes of the areas; if there are several, all of them together as well, last."""
    counts: tuple[int, ...]
    """How many tiles belong to each."""
    tiles: int
    """How many there are, N."""
    maps: tuple[MapScore, ...]
    """Evidence first, then the attention of all stages together and of each."""


def localise(prediction: Prediction, tiles: TileGrid, areas: Sequence[TruthArea]) -> Localisation:
    """Measure how well each map of a prediction points at known areas.

    A tile belongs to the area that covers most of it. There is a map of evidence for the answer and for every class
    that has an area (none for models without exact evidence), and one of attention for all stages together, each by
    its weight, and for each stage alone.

    Raises
    ------
    QuestionError
        If no area covers most of any tile.
    """
    labels = label_tiles(areas, tiles)
    if (labels == OUTSIDE).all():
        raise QuestionError(
            "No known area covers most of a tile, so there is nothing to measure maps against. Check that the areas "
            "belong to this slide, or choose smaller tiles."
        )
    names = [area.name for area in areas]
    targets = {name: labels == index for index, name in enumerate(names)}
    if len(areas) > 1:
        targets[ALL_AREAS] = labels != OUTSIDE
    return Localisation(
        targets=tuple(targets),
        counts=tuple(int(inside.sum()) for inside in targets.values()),
        tiles=len(tiles),
        maps=tuple(_score(each, targets) for each in _maps(prediction, names)),
    )


def tile_auc(values: NDArray[np.floating], inside: NDArray[np.bool_]) -> float:
    """Return how often a tile inside has a higher value than a tile outside, equal values counting half.

    Parameters
    ----------
    values
        (N,); tiles whose value is NaN do not count.
    inside
        (N,).

    Returns
    -------
    float
        From 0 to 1; NaN if no tile is inside, or none outside.
    """
    shown = np.isfinite(values)
    within, without = values[shown & inside], np.sort(values[shown & ~inside])
    if not len(within) or not len(without):
        return float("nan")
    lower, not_higher = (np.searchsorted(without, within, side) for side in ("left", "right"))
    return float((lower + not_higher).mean() / 2 / len(without))


@dataclass(frozen=True, slots=True, eq=False)
class _Map:
    title: str
    values: NDArray[np.float32]
    of: str | None = None
    """What it is evidence for; None for attention."""
    stage: int | None = None


def _maps(prediction: Prediction, names: Sequence[str]) -> Iterator[_Map]:
    classes = prediction.classes
    if prediction.bias is not None:
        for name in dict.fromkeys((prediction.winner, *(each for each in names if each in classes))):
            yield _Map(f"Evidence for {name}", evidence_of(prediction, classes.index(name)), of=name)
    yield _Map("Attention of all stages", fused_attention(prediction))
    for index, stage in enumerate(prediction.stages):
        yield _Map(f"Attention of stage {index + 1}", stage.attention, stage=index)


def _score(shown: _Map, targets: dict[str, NDArray[np.bool_]]) -> MapScore:
    names = list(targets)
    return MapScore(
        title=shown.title,
        quantity="attention" if shown.of is None else "evidence",
        stage=shown.stage,
        values=shown.values,
        target=names.index(shown.of) if shown.of in names else len(names) - 1,
        aucs=tuple(tile_auc(shown.values, inside) for inside in targets.values()),
    )
