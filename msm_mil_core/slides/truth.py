"""Areas of a slide whose class is known, against which maps are measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from msm_mil_core.slides.tiling.tiles import TileGrid

OUTSIDE = -1
"""In place of an area: a tile that lies mostly outside of all of them."""
SUFFIX = ".truth.geojson"


@dataclass(frozen=True, slots=True)
class TruthArea:
    """All that is known to be of one class."""

    name: str
    """The class."""
    rgb: tuple[int, int, int]
    """In which its outline is drawn, 0 to 255."""
    shape: BaseGeometry
    """In level-0 pixels, x then y; valid, of one or several pieces."""


def truth_path(slide: Path) -> Path:
    """Return where the known areas of a slide are looked for: `NAME.truth.geojson` beside `NAME.svs`."""
    return slide.with_name(f"{slide.stem}{SUFFIX}")


def label_tiles(areas: Sequence[TruthArea], tiles: TileGrid) -> NDArray[np.int64]:
    """Return for each tile (N,) which area covers most of it, by its place in `areas`.

    The first of equals; `OUTSIDE` where more of the tile lies outside of all areas than in any one.
    """
    if not areas:
        return np.full(len(tiles), OUTSIDE)
    low, high = tiles.xy_px0, tiles.xy_px0 + tiles.side_px0
    boxes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    covered = np.stack([_covered_px0(boxes, area.shape) for area in areas])  # (A, N)
    outside = tiles.side_px0**2 - _covered_px0(boxes, shapely.union_all([area.shape for area in areas]))
    return np.where(covered.max(axis=0) >= outside, covered.argmax(axis=0), OUTSIDE)


def _covered_px0(boxes: NDArray[np.object_], shape: BaseGeometry) -> NDArray[np.float64]:
    """Return the area of each box (N,) that lies in the shape; only boxes on its edge are cut, which takes long."""
    shapely.prepare(shape)
    inside = shapely.contains(shape, boxes)
    covered = np.where(inside, shapely.area(boxes), 0.0)
    on_edge = shapely.intersects(shape, boxes) & ~inside
    covered[on_edge] = shapely.area(shapely.intersection(boxes[on_edge], shape))
    return covered
