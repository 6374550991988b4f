"""The shapes that a user draws over a slide, as polygons in its level-0 pixels."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from napari.layers import Image, Shapes
from numpy.typing import NDArray
from shapely import Polygon

from msm_mil_core.errors import RegionError

ELLIPSE_CORNERS = 64

World: TypeAlias = tuple[float, ...]
Point: TypeAlias = tuple[float, float]


def region_polygons(shapes: Shapes, slide: Image) -> tuple[Polygon, ...]:
    """Return the rectangles, polygons and ellipses of a layer in level-0 pixels of the slide.

    Raises
    ------
    RegionError
        If the layer has no shape, or one that encloses nothing.
    """

    def place_px0(world: World) -> Point:
        row, col = slide.world_to_data(world)[-2:]
        return col + 0.5, row + 0.5  # napari counts from the centre of the first pixel, level 0 from its edge

    return drawn_polygons(shapes, place_px0)


def drawn_polygons(shapes: Shapes, place_px0: Callable[[World], Point]) -> tuple[Polygon, ...]:
    """Return the rectangles, polygons and ellipses of a layer; `place_px0` converts a point of the world.

    Raises
    ------
    RegionError
        If the layer has no shape, or one that encloses nothing.
    """
    if not shapes.data:
        raise RegionError(f"The layer {shapes.name!r} has no shapes. Draw a polygon on it, or choose Whole slide.")
    kinds = zip(shapes.data, shapes.shape_type, strict=True)
    outlines = [_outline(np.asarray(corners), kind, shapes.name) for corners, kind in kinds]
    return tuple(Polygon([place_px0(shapes.data_to_world(corner)) for corner in outline]) for outline in outlines)


def _outline(corners: NDArray[np.float64], kind: str, name: str) -> NDArray[np.float64]:
    if kind in ("line", "path"):
        raise RegionError(f"The layer {name!r} has a {kind}, which encloses nothing. Use polygons or rectangles.")
    return _around(corners) if kind == "ellipse" else corners


def _around(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Go around the ellipse that touches the sides of the (possibly turned) rectangle with these corners."""
    angle = np.linspace(0, 2 * np.pi, ELLIPSE_CORNERS, endpoint=False)[:, None]
    right, down = (corners[1] - corners[0]) / 2, (corners[3] - corners[0]) / 2
    around: NDArray[np.float64] = corners.mean(axis=0) + np.cos(angle) * right + np.sin(angle) * down
    return around
