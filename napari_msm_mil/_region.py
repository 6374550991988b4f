"""The shapes that a user draws over a slide, as polygons in its level-0 pixels."""

import numpy as np
from napari.layers import Image, Shapes
from numpy.typing import NDArray
from shapely import Polygon

from msm_mil_core.errors import RegionError

ELLIPSE_CORNERS = 64


def region_polygons(shapes: Shapes, slide: Image) -> tuple[Polygon, ...]:
    """Return the rectangles, polygons and ellipses of a layer in level-0 pixels of the slide.

    Raises
    ------
    RegionError
        If the layer has no shape, or one that encloses nothing.
    """
    if not shapes.data:
        raise RegionError(f"The layer {shapes.name!r} has no shapes. Draw a polygon on it, or choose Whole slide.")
    kinds = zip(shapes.data, shapes.shape_type, strict=True)
    outlines = [_outline(np.asarray(corners), kind, shapes.name) for corners, kind in kinds]
    return tuple(Polygon(_to_px0(outline, shapes, slide)) for outline in outlines)


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


def _to_px0(outline: NDArray[np.float64], shapes: Shapes, slide: Image) -> NDArray[np.float64]:
    row_col = [slide.world_to_data(shapes.data_to_world(corner))[-2:] for corner in outline]
    return np.asarray(row_col)[:, ::-1] + 0.5  # napari counts from the centre of the first pixel, level 0 from its edge
