"""Tiles as QuPath's objects: one locked tile each, and annotations for the top tiles of each stage."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.display.stage_style import stage_rgb
from msm_mil_core.export.qupath.frame import PlacedTiles
from msm_mil_core.export.qupath.geojson_text import FeatureColumns
from msm_mil_core.export.qupath.tile_ids import tile_ids
from msm_mil_core.export.tables.measurements import measure_tiles
from msm_mil_core.export.tables.verdicts import short_label, tile_verdicts
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult

CHUNK = 2048
"""Tiles that are held as text at one time."""


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredTiles:
    """The tiles of a result that QuPath's image shows, with their measurements and the notes on their stages."""

    result: SlideResult
    annotations: Annotations
    placed: PlacedTiles
    """n of the tiles."""
    measurements: tuple[str, ...]
    """The M names."""
    values: NDArray[np.float32]
    """(n, M), NaN where a measurement is missing."""


def measure_placed(result: SlideResult, annotations: Annotations, placed: PlacedTiles) -> MeasuredTiles:
    """Measure the tiles that QuPath's image shows."""
    measured = measure_tiles(result.prediction)
    values = np.stack(list(measured.values()), axis=1)[placed.index]
    return MeasuredTiles(result, annotations, placed, tuple(measured), values)


def tile_features(measured: MeasuredTiles) -> Iterator[FeatureColumns]:
    """Give one tile object for each tile, in chunks; a claimed tile has the class of its stage.

    A verdict on that stage is the tile's name, not its metadata: QuPath 0.5 cannot set metadata on detections, and
    logs a stack trace for each.
    """
    result, placed = measured.result, measured.placed
    stages = result.prediction.stages
    head = '"objectType":"tile","isLocked":true,'
    heads = [head, *(head + classification(result, stage) for stage in range(len(stages)))]
    claimed = np.stack([np.zeros(len(result.tiles), bool), *(stage.claimed for stage in stages)])
    verdicts = tile_verdicts(result.prediction, measured.annotations)
    for start in range(0, len(placed.index), CHUNK):
        rows = slice(start, start + CHUNK)
        index = placed.index[rows]
        of_stage = claimed[:, index].argmax(axis=0).tolist()  # 0 where no stage claims the tile
        yield FeatureColumns(
            ids=tile_ids(result, index, [""] * len(index)),
            box_px=placed.box_px[rows],
            properties=[
                heads[stage] + _name(verdicts[tile]) for stage, tile in zip(of_stage, index.tolist(), strict=True)
            ],
            measurements=measured.measurements,
            values=measured.values[rows],
        )


def top_features(measured: MeasuredTiles, stage: int, count: int, metadata: str) -> FeatureColumns:
    """Return annotations for the `count` tiles to which a stage (counted from 0) attends most, best first.

    `metadata` is the JSON text of what belongs to the run.
    """
    result, placed = measured.result, measured.placed
    attention = result.prediction.stages[stage].attention[placed.index]
    best = np.argsort(-attention, kind="stable")[: min(count, int(np.isfinite(attention).sum()))]  # NaN are last
    head = annotation_head(result, stage)
    names = (_name(annotation_name(measured, stage, f"top {place}")) for place in range(1, len(best) + 1))
    return FeatureColumns(
        ids=tile_ids(result, placed.index[best], [result.prediction.map_names[stage]] * len(best)),
        box_px=placed.box_px[best],
        properties=[head + name for name in names],
        measurements=measured.measurements,
        values=measured.values[best],
        metadata=metadata,
    )


def annotation_head(result: SlideResult, stage: int) -> str:
    """Return JSON text of the members that all annotations of a stage share, with a comma after each."""
    return f'"objectType":"annotation","isLocked":true,{classification(result, stage)}'


def annotation_name(measured: MeasuredTiles, stage: int, what: str) -> str:
    """Return the name of an annotation of a stage: which it is, and the verdict on the stage."""
    label = short_label(measured.annotations, stage)
    return f"{measured.result.prediction.map_names[stage]} {what}" + (f" · {label}" if label else "")


def classification(result: SlideResult, stage: int) -> str:
    """Return JSON text of the class of a map, with a comma after it."""
    name = qupath_class(result.prediction.map_names[stage])
    return f'"classification":{json.dumps({"name": name, "color": stage_rgb(stage)})},'


def qupath_class(name: str) -> str:
    """Return a name as QuPath takes it for a class: ends of lines stop its import, colons part a class in two."""
    return " ".join(name.replace(":", " - ").split())


def _name(text: str) -> str:
    return f'"name":{json.dumps(text)},' if text else ""
