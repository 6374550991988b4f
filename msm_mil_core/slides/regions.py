"""Regions of a slide that a person drew to limit a run."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pydantic import JsonValue
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from msm_mil_core.errors import RegionError
from msm_mil_core.slides.slide import SlideFacts

ELLIPSE_ERROR = 0.1
"""How far the corners of an ellipse may leave it between them, in its own pixels."""
LEAST_CORNERS = 64
DUST_PX = 0.25
"""Lines that cross by less are taken to meet: QuPath rounds corners to two decimals, and crosses some by that."""
SNAP_PX = 0.02
"""How far rounding to two decimals may move a hole beyond its outline."""


@dataclass(frozen=True, slots=True)
class RegionLabel:
    """What a person called a region; empty texts where nothing was said."""

    name: str = ""
    class_name: str = ""
    """As QuPath writes it: "Tumor", or "Tumor: Positive"."""

    def __str__(self) -> str:
        return " · ".join(text for text in (self.name, self.class_name) if text)


@dataclass(frozen=True, slots=True)
class Regions:
    """Areas to which a run is limited; overlaps count once."""

    polygons: tuple[Polygon, ...]
    """In level-0 pixels, x then y; each valid and at least partly on the slide; holes count as outside."""
    remark: str = ""
    """What of a file does not count, as a sentence; empty if all of it does."""
    labels: tuple[RegionLabel, ...] = ()
    """For each polygon what it is called; empty if none of them has a name or a class."""

    def __repr__(self) -> str:
        corners = sum(shapely.get_num_coordinates(polygon) for polygon in self.polygons)
        return f"<Regions: {len(self.polygons)} polygons of {corners} points>"

    def hold(self, xy_px0: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return for each point (N, 2) whether it lies in a region or on its edge."""
        return hold(self.polygons, xy_px0)

    def as_json(self) -> list[JsonValue]:
        """Return the polygons as GeoJSON geometries, for the record of a run."""
        return [json.loads(shapely.to_geojson(polygon)) for polygon in self.polygons]

    def as_record(self) -> dict[str, JsonValue]:
        """Return what the record of a run says of its regions; their names are apart from what decides on tiles."""
        record: dict[str, JsonValue] = {"regions_px0": self.as_json()}
        if self.labels:
            record["region_names"] = [{"name": label.name, "class": label.class_name} for label in self.labels]
        return record


def ellipse_corners(
    centre: NDArray[np.float64], right: NDArray[np.float64], down: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Go around the ellipse with these half axes, vectors of two numbers, from the end of `right`; (K, 2)."""
    longest = max(float(np.linalg.norm(right)), float(np.linalg.norm(down)), ELLIPSE_ERROR)
    quarter = int(np.ceil(np.pi / 4 / np.arccos(1 - ELLIPSE_ERROR / longest)))
    angle = np.linspace(0, 2 * np.pi, max(LEAST_CORNERS, 4 * quarter), endpoint=False)[:, None]
    corners: NDArray[np.float64] = centre + np.cos(angle) * right + np.sin(angle) * down
    return corners


def untangled(polygon: Polygon) -> tuple[Polygon, ...]:
    """Return what a polygon encloses as valid polygons, if its lines meet without crossing; else itself.

    An outline that touches itself, as those around pixels do, or goes out and back along one line, encloses what it
    seems to, and so does one with holes that meet each other or its edge. One that crosses itself by more than rounding
    does, or has a hole that lies partly outside, does not say what it encloses, and stays as it is, to be refused.
    """
    if polygon.is_valid:
        return (polygon,)
    outline, *holes = (_plain_parts(Polygon(ring)) for ring in (polygon.exterior, *polygon.interiors))
    if not outline or not all(holes):
        return (polygon,)
    return _cut(outline, [part for hole in holes for part in hole]) or (polygon,)


def _cut(outline: Sequence[Polygon], holes: Sequence[Polygon]) -> tuple[Polygon, ...]:
    """Return what holes leave of an outline; nothing if one lies partly outside."""
    if not holes:
        return tuple(outline)
    within, without = shapely.union_all(outline), shapely.union_all(holes)
    left = within.difference(without) if within.buffer(SNAP_PX).covers(without) else Polygon()
    return tuple(part for part in shapely.get_parts(left) if isinstance(part, Polygon) and part.area > 0)


def _plain_parts(ring: Polygon) -> tuple[Polygon, ...]:
    """Return what one ring encloses as valid polygons; nothing if it crosses itself."""
    parts = [each for each in shapely.get_parts(shapely.make_valid(ring)) if isinstance(each, Polygon)]
    if np.isclose(sum(part.area for part in parts), ring.area, rtol=1e-9, atol=1e-6):
        return tuple(parts)
    doubtful = shapely.union_all(parts).symmetric_difference(ring.buffer(0))  # which leaves out what winds backwards
    return () if _is_wide(doubtful) else tuple(filter(_is_wide, parts))


def _is_wide(area: BaseGeometry) -> bool:
    """Return whether an area is anywhere wider than what rounding leaves where lines nearly meet."""
    return not area.buffer(-DUST_PX / 2).is_empty


def hold(areas: Iterable[BaseGeometry], xy_px0: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return for each point (N, 2) whether it lies in an area or on its edge."""
    together = shapely.union_all(list(areas))
    shapely.prepare(together)
    held: NDArray[np.bool_] = shapely.intersects_xy(together, xy_px0[:, 0], xy_px0[:, 1])
    return held


def check_regions(
    polygons: Iterable[Polygon], facts: SlideFacts, labels: Iterable[RegionLabel] = (), called: Sequence[str] = ()
) -> Regions:
    """Take polygons in level-0 pixels of a slide as regions, with what each is called where that is known.

    Messages call them what `called` says, and by number if it says nothing.

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
            which = called[number - 1] if called else f"Region {number} for {facts.name}"
            raise RegionError(f"{which} {flaw}")
    named = tuple(labels)
    return Regions(checked, labels=named if any(map(str, named)) else ())


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
