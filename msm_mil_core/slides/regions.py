"""Regions of a slide that a person drew to limit a run."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from msm_mil_core.errors import RegionError
from msm_mil_core.slides.slide import SlideFacts


@dataclass(frozen=True, slots=True)
class Regions:
    """Areas to which a run is limited; overlaps count once."""

    polygons: tuple[Polygon, ...]
    """In level-0 pixels, x then y; each valid and at least partly on the slide; holes count as outside."""
    remark: str = ""
    """What of a file does not count, as a sentence; empty if all of it does."""

    def __repr__(self) -> str:
        corners = sum(shapely.get_num_coordinates(polygon) for polygon in self.polygons)
        return f"<Regions: {len(self.polygons)} polygons of {corners} points>"

    def hold(self, xy_px0: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return for each point (N, 2) whether it lies in a region or on its edge."""
        return hold(self.polygons, xy_px0)

    def as_json(self) -> list[object]:
        """Return the polygons as GeoJSON geometries, for the record of a run."""
        return [json.loads(shapely.to_geojson(polygon)) for polygon in self.polygons]


def hold(areas: Iterable[BaseGeometry], xy_px0: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return for each point (N, 2) whether it lies in an area or on its edge."""
    together = shapely.union_all(list(areas))
    shapely.prepare(together)
    held: NDArray[np.bool_] = shapely.intersects_xy(together, xy_px0[:, 0], xy_px0[:, 1])
    return held


def check_regions(polygons: Iterable[Polygon], facts: SlideFacts) -> Regions:
    """Take polygons in level-0 pixels of a slide as regions.

    Raises
    ------
    RegionError
        If there is none, or one has no area, crosses itself or lies outside the slide.
    """
    checked = tuple(polygons)
    if not checked:
        raise RegionError(f"No region was given for {facts.name}. Draw one, or run the whole slide.")
    slide = shapely.box(0, 0, *facts.size_px0)
    for number, polygon in enumerate(checked, start=1):
        flaw = _flaw(polygon, slide)
        if flaw:
            raise RegionError(f"Region {number} for {facts.name} {flaw}")
    return Regions(checked)


def _flaw(polygon: Polygon, slide: Polygon) -> str:
    if polygon.is_empty or not np.isfinite(shapely.get_coordinates(polygon)).all():
        return "has no points. Draw it again."
    if not polygon.is_valid:
        return f"crosses itself ({shapely.is_valid_reason(polygon)}). Draw it again without crossing lines."
    if polygon.area == 0:
        return "has no area. Draw it again."
    if polygon.intersection(slide).area == 0:
        left, top, right, bottom = (round(edge) for edge in polygon.bounds)
        width, height = slide.bounds[2:]
        return (
            f"lies outside the slide: it spans x {left} to {right} and y {top} to {bottom}, but the slide has "
            f"{width:.0f} x {height:.0f} pixels. Check that it belongs to this slide and counts level-0 pixels."
        )
    return ""
