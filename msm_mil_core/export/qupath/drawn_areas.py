"""The annotations with an area among drawn objects, and what else there is, in words."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import shapely
from shapely import Polygon

from msm_mil_core.errors import RegionError
from msm_mil_core.export.qupath.drawn_object import DrawnObject
from msm_mil_core.slides.regions import untangled


@dataclass(frozen=True, slots=True)
class DrawnAreas:
    """What the objects of a file hold."""

    areas: tuple[DrawnObject, ...]
    """Annotations with an area; each of their polygons has one."""
    others: Counter[str]
    """How many of what else there is, in words."""


def find_areas(objects: Iterable[DrawnObject]) -> DrawnAreas:
    """Keep what has an area, as valid polygons where its lines do not cross, and count what has none."""
    areas, others = [], Counter[str]()
    for drawn in objects:
        if drawn.kind != "annotation":
            others[f"of type {drawn.kind!r}"] += 1
            continue
        enclosing = [polygon for polygon in drawn.polygons if _encloses(polygon)]
        others.update(_without_area(drawn, len(enclosing)))
        if enclosing:
            areas.append(replace(drawn, polygons=tuple(_parts(enclosing))))
    return DrawnAreas(tuple(areas), others)


def check_lines(drawn: DrawnObject) -> DrawnObject:
    """Return what was drawn if none of its lines cross.

    Raises
    ------
    RegionError
        If lines do; it says which object, and where in its own frame.
    """
    for polygon in drawn.polygons:
        if not polygon.is_valid:
            why = shapely.is_valid_reason(polygon)
            what = "has a hole that is not inside it" if "Hole" in why else "crosses itself"
            raise RegionError(f"{drawn.called} {what} ({why}). Draw it again without crossing lines.")
    return drawn


def _parts(polygons: Iterable[Polygon]) -> Iterator[Polygon]:
    for polygon in polygons:
        yield from (part for part in untangled(polygon) if _encloses(part))


def _without_area(drawn: DrawnObject, enclosing: int) -> Counter[str]:
    if not drawn.shapes:
        return Counter({"without a shape": 1})
    lines = {f"drawn as {kind}": count for kind, count in drawn.shapes.items() if kind != "Polygon"}
    flat = drawn.shapes["Polygon"] - enclosing
    return Counter(lines | ({"without an area": flat} if flat else {}))


def _encloses(polygon: Polygon) -> bool:
    """Return whether it has an area, as what a stray click leaves has not; an outline that crosses itself has one."""
    return bool(polygon.area > 0 or shapely.make_valid(polygon).area > 0)
