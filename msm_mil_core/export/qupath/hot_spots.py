"""Outlines of the tiles to which a stage attends most, as annotations that QuPath draws and measures."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from msm_mil_core.explain.selections.selection import top_tiles
from msm_mil_core.export.qupath.tile_features import MeasuredTiles, annotation_head, annotation_name
from msm_mil_core.export.qupath.tile_ids import tile_ids

GRID_PX = 0.01
"""From version 0.6 on QuPath moves corners to multiples of this; outlines lie there before."""
INSET_PX = 0.5
"""How far inside its tiles an outline runs, so that no two of them touch, nor one touches itself at a corner."""
MOST = 100
"""Outlines of a stage: QuPath slows down with thousands of annotations."""


@dataclass(frozen=True, slots=True, eq=False)
class HotSpot:
    """Neighbouring tiles to which a stage attends most."""

    polygon: Polygon
    """In QuPath's pixels; valid, and valid after QuPath moved its corners to its grid."""
    rows: NDArray[np.int64]
    """Which of the placed tiles are in it."""
    share: float
    """Of the attention of the stage."""


def find_hot_spots(measured: MeasuredTiles, stage: int, percent: float) -> list[HotSpot]:
    """Return the parts that the top `percent` of a stage's tiles form on the slide, that of most attention first."""
    placed = measured.placed
    attention = measured.result.prediction.stages[stage].attention
    hot = np.flatnonzero(top_tiles(attention, percent)[placed.index])
    boxes = placed.box_px[hot]
    polygons = outline_boxes(boxes)
    if not polygons:
        return []
    centres = shapely.points((boxes[:, :2] + boxes[:, 2:]) / 2)
    tile, spot = shapely.STRtree(polygons).query(centres, predicate="intersects")
    rows = [hot[tile[spot == number]] for number in range(len(polygons))]
    shares = [float(attention[placed.index[each]].sum()) for each in rows]
    spots = map(HotSpot, polygons, rows, shares)
    return sorted(spots, key=lambda spot: (-spot.share, int(spot.rows.min(initial=-1))))


def outline_boxes(box_px: NDArray[np.int64]) -> list[Polygon]:
    """Return the outlines of boxes (n, 4; left, top, right, bottom), one for each part that hangs together by sides.

    Every outline is valid, has an area, lies on QuPath's grid and keeps a distance to every other.
    """
    together = shapely.union_all(shapely.box(*box_px.T))
    inside = shapely.make_valid(shapely.buffer(together, -INSET_PX, join_style="mitre"))
    parts = shapely.get_parts(shapely.set_precision(inside, GRID_PX))
    return [part for part in parts if isinstance(part, Polygon) and part.area > 0]


def hot_spot_lines(measured: MeasuredTiles, stage: int, spots: Sequence[HotSpot], metadata: str) -> Iterator[str]:
    """Give the text of each hot spot of a stage as an annotation with its tiles and its share of the attention."""
    placed, head = measured.placed, annotation_head(measured.result, stage)
    first = np.array([placed.index[spot.rows.min()] for spot in spots], np.int64)
    ids = tile_ids(measured.result, first, [f"hot spot of stage {stage}"] * len(spots))
    for place, (spot, identity) in enumerate(zip(spots, ids, strict=True), start=1):
        name = json.dumps(annotation_name(measured, stage, f"hot spot {place}"))
        values = json.dumps({"Tiles": len(spot.rows), "Attention share": float(f"{spot.share:.7g}")})
        yield (
            f'{{"type":"Feature","id":"{identity}","geometry":{_geometry(spot.polygon)},'
            f'"properties":{{{head}"name":{name},"measurements":{values},"metadata":{metadata}}}}}'
        )


def _geometry(polygon: Polygon) -> str:
    rings = (polygon.exterior, *polygon.interiors)
    corners = [np.round(shapely.get_coordinates(ring), 2).tolist() for ring in rings]
    return json.dumps({"type": "Polygon", "coordinates": corners}, separators=(",", ":"))
