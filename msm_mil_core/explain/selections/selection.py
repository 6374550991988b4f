"""Selections of tiles: a drawn region, what a stage claims, the top of a stage, or single tiles."""

from typing import Annotated, Literal, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from pydantic import Field
from shapely import Polygon

from msm_mil_core.errors import QuestionError
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.options import Options
from msm_mil_core.slides.regions import hold
from msm_mil_core.slides.tiling.tiles import TileGrid

Chosen: TypeAlias = NDArray[np.bool_]
Point: TypeAlias = tuple[float, float]


class DrawnRegion(Options):
    """The tiles whose centres lie in polygons that someone drew."""

    kind: Literal["region"] = "region"
    rings_px0: tuple[tuple[tuple[Point, ...], ...], ...] = Field(min_length=1)
    """For each polygon its outer ring, then its holes: points (x, y) in level-0 pixels."""
    name: str = "the drawn region"
    """Its name in sentences."""


class ClaimedTiles(Options):
    """The tiles that a stage claims."""

    kind: Literal["claimed"] = "claimed"
    stage: int = Field(ge=0)
    """Counted from 0."""


class TopTiles(Options):
    """The tiles to which a stage attends most."""

    kind: Literal["top"] = "top"
    stage: int = Field(ge=0)
    """Counted from 0."""
    percent: float = Field(gt=0, le=100)
    """Of the tiles that the stage was shown; at least one tile."""


class SingleTiles(Options):
    """Tiles by their numbers in the result."""

    kind: Literal["tiles"] = "tiles"
    tiles: tuple[int, ...] = Field(min_length=1)
    name: str = ""
    """Their name in sentences; by default their number."""


Selection: TypeAlias = Annotated[DrawnRegion | ClaimedTiles | TopTiles | SingleTiles, Field(discriminator="kind")]


def drawn_region(polygons: tuple[Polygon, ...], name: str = "the drawn region") -> DrawnRegion:
    """Take polygons in level-0 pixels as a selection."""
    return DrawnRegion(rings_px0=tuple(_rings(polygon) for polygon in polygons), name=name)


def select(selection: Selection, tiles: TileGrid, prediction: Prediction) -> Chosen:
    """Return for each tile (N,) whether it is selected; claims and tops are those of the whole slide's prediction.

    Raises
    ------
    QuestionError
        If no tile is selected, or there is no such stage or tile.
    """
    if isinstance(selection, DrawnRegion):
        return _in_region(selection, tiles)
    if isinstance(selection, SingleTiles):
        return _single(selection, len(tiles))
    _check_stage(selection.stage, prediction)
    if isinstance(selection, ClaimedTiles):
        return _claimed(selection, prediction)
    return top_tiles(prediction.stages[selection.stage].attention, selection.percent)


def top_tiles(attention: NDArray[np.float32], percent: float) -> Chosen:
    """Mark the top `percent` of the tiles that were shown, rounded up, the first of equals; NaN means not shown."""
    shown = int(np.isfinite(attention).sum())
    return _highest(attention, min(shown, int(np.ceil(round(shown * percent / 100, 9)))))


def describe(selection: Selection) -> str:
    """Name the selected tiles, to follow "without" or "only"."""
    if isinstance(selection, ClaimedTiles):
        return f"the tiles that stage {selection.stage + 1} claims"
    if isinstance(selection, TopTiles):
        return f"the top {selection.percent:g} % of stage {selection.stage + 1}"
    if isinstance(selection, SingleTiles):
        count = len(selection.tiles)
        return selection.name or (f"tile {selection.tiles[0]}" if count == 1 else f"{count:,} single tiles")
    return selection.name


def _highest(attention: NDArray[np.float32], count: int) -> Chosen:
    """Mark so many, the first of equals; a fraction of the time of sorting."""
    if not count:
        return np.zeros(len(attention), bool)
    least = -np.partition(-attention, count - 1)[count - 1]  # NaN are last
    top: Chosen = attention > least
    top[np.flatnonzero(attention == least)[: count - np.count_nonzero(top)]] = True
    return top


def _rings(polygon: Polygon) -> tuple[tuple[Point, ...], ...]:
    rings = (polygon.exterior, *polygon.interiors)
    return tuple(tuple((float(x), float(y)) for x, y in ring.coords) for ring in rings)


def _in_region(region: DrawnRegion, tiles: TileGrid) -> Chosen:
    areas = [shapely.make_valid(Polygon(rings[0], rings[1:])) for rings in region.rings_px0]
    held = hold(areas, tiles.xy_px0 + tiles.side_px0 / 2)
    if not held.any():
        raise QuestionError(
            f"No tile has its centre in {region.name}: it lies off the tissue, or is smaller than a tile. "
            "Draw it over the heatmap."
        )
    return held


def _single(selection: SingleTiles, count: int) -> Chosen:
    if not all(0 <= tile < count for tile in selection.tiles):
        raise QuestionError(f"The slide has tiles 0 to {count - 1}; there is none of {list(selection.tiles)[:5]}.")
    chosen = np.zeros(count, bool)
    chosen[list(selection.tiles)] = True
    return chosen


def _check_stage(stage: int, prediction: Prediction) -> None:
    if stage >= len(prediction.stages):
        raise QuestionError(f"There is no stage {stage + 1}: the model has {len(prediction.stages)}.")


def _claimed(selection: ClaimedTiles, prediction: Prediction) -> Chosen:
    claimed = prediction.stages[selection.stage].claimed
    if not claimed.any():
        raise QuestionError(f"Stage {selection.stage + 1} claims no tile of this slide: too few were left for it.")
    return claimed
