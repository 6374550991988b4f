"""The shapes that a user draws over a slide as regions in its level-0 pixels, and regions as such shapes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from napari.layers import Image, Shapes
from numpy.typing import NDArray
from shapely import Polygon

from msm_mil_core.errors import RegionError
from msm_mil_core.slides.regions import RegionLabel, Regions, ellipse_corners

World: TypeAlias = tuple[float, ...]
Point: TypeAlias = tuple[float, float]

NAME, CLASS, HOLE_OF, REGION = "name", "class", "hole of", "region"
"""Columns of a layer's features: what a region is called, the region that a hole is in, the number of a region."""
HOLE = "hole"
"""What a hole is called on the slide."""
NONE = -1
"""In the columns of numbers."""


@dataclass(frozen=True, slots=True)
class DrawnArea:
    """An area that a user drew, or left of one that was read."""

    polygon: Polygon
    """In level-0 pixels; not checked for crossing lines."""
    label: RegionLabel


def region_areas(shapes: Shapes, slide: Image) -> tuple[DrawnArea, ...]:
    """Return what a layer's shapes enclose in level-0 pixels of the slide, without its holes, and what it is called.

    Raises
    ------
    RegionError
        If the layer has no shape, or one that encloses nothing.
    """

    def place_px0(world: World) -> Point:
        row, col = slide.world_to_data(world)[-2:]
        return col + 0.5, row + 0.5  # napari counts from the centre of the first pixel, level 0 from its edge

    return drawn_areas(shapes, place_px0)


def region_polygons(shapes: Shapes, slide: Image) -> tuple[Polygon, ...]:
    """Return the polygons alone; see `region_areas`."""
    return tuple(area.polygon for area in region_areas(shapes, slide))


def drawn_polygons(shapes: Shapes, place_px0: Callable[[World], Point]) -> tuple[Polygon, ...]:
    """Return the polygons alone; see `drawn_areas`."""
    return tuple(area.polygon for area in drawn_areas(shapes, place_px0))


def drawn_areas(shapes: Shapes, place_px0: Callable[[World], Point]) -> tuple[DrawnArea, ...]:
    """Return what the rectangles, polygons and ellipses of a layer enclose; `place_px0` converts a point of the world.

    Raises
    ------
    RegionError
        If the layer has no shape, or one that encloses nothing.
    """
    if not shapes.data:
        raise RegionError(f"The layer {shapes.name!r} has no shapes. Draw a polygon on it, or choose Whole slide.")
    kinds = zip(shapes.data, shapes.shape_type, strict=True)
    outlines = [_outline(np.asarray(corners), kind, shapes.name) for corners, kind in kinds]
    polygons = [Polygon([place_px0(shapes.data_to_world(corner)) for corner in outline]) for outline in outlines]
    return tuple(_without_holes(polygons, shapes))


def shapes_of(regions: Regions, place_world: Callable[[Point], NDArray[np.float64]]) -> dict[str, object]:
    """Return regions as arguments for a layer of shapes: a hole is a shape of its own, to be moved as all others.

    `place_world` converts a place on the slide (x, y) into (y, x) of the world.
    """
    labels = regions.labels or [RegionLabel()] * len(regions.polygons)
    rings, rows = [], []
    for number, (polygon, label) in enumerate(zip(regions.polygons, labels, strict=True)):
        for hole, ring in enumerate((polygon.exterior, *polygon.interiors)):
            rings.append(np.stack([place_world(corner) for corner in list(ring.coords)[:-1]]))
            rows.append((HOLE, "", number, NONE) if hole else (label.name, label.class_name, NONE, number))
    columns = zip((NAME, CLASS, HOLE_OF, REGION), zip(*rows, strict=True), strict=True)
    return {
        "data": rings,
        "shape_type": "polygon",
        "features": {name: list(column) for name, column in columns},
        "text": {"string": f"{{{NAME}}} {{{CLASS}}}", "size": 12, "color": "#111111", "anchor": "center"},
        "feature_defaults": {NAME: "", CLASS: "", HOLE_OF: NONE, REGION: NONE},  # of what is drawn besides
    }


def _outline(corners: NDArray[np.float64], kind: str, name: str) -> NDArray[np.float64]:
    if kind in ("line", "path"):
        raise RegionError(f"The layer {name!r} has a {kind}, which encloses nothing. Use polygons or rectangles.")
    return _around(corners) if kind == "ellipse" else corners


def _without_holes(polygons: Sequence[Polygon], shapes: Shapes) -> Iterator[DrawnArea]:
    hole_of, region = _column(shapes, HOLE_OF, NONE), _column(shapes, REGION, NONE)
    names, classes = _column(shapes, NAME, ""), _column(shapes, CLASS, "")
    for polygon, hole, number, name, class_name in zip(polygons, hole_of, region, names, classes, strict=True):
        if hole == NONE:
            holes = [each for each, of in zip(polygons, hole_of, strict=True) if number == of != NONE]
            for part in _cut(polygon, holes):
                yield DrawnArea(part, RegionLabel(str(name), str(class_name)))


def _cut(polygon: Polygon, holes: Iterable[Polygon]) -> Iterator[Polygon]:
    """Give what holes leave of a polygon; where lines cross it stays whole, for that is refused later."""
    inside = [hole for hole in holes if hole.is_valid]
    if not inside or not polygon.is_valid:
        yield polygon
        return
    left = shapely.difference(polygon, shapely.union_all(inside))
    yield from (part for part in shapely.get_parts(left) if isinstance(part, Polygon) and not part.is_empty)


def _column(shapes: Shapes, name: str, missing: object) -> list[object]:
    """Return a column of a layer's features, which may be another program's; `missing` where it says nothing."""
    features = shapes.features
    if name not in features:
        return [missing] * len(shapes.data)
    return features[name].fillna(missing).tolist()


def _around(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Go around the ellipse that touches the sides of the (possibly turned) rectangle with these corners."""
    right, down = (corners[1] - corners[0]) / 2, (corners[3] - corners[0]) / 2
    return ellipse_corners(corners.mean(axis=0), right, down)
