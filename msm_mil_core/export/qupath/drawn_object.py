"""One object of a GeoJSON file, as QuPath means it: its kind, its class, and the area that was drawn."""

import reprlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely import Polygon

from msm_mil_core.errors import RegionError
from msm_mil_core.export.qupath.geojson_file import GEOMETRIES, read_features
from msm_mil_core.slides.regions import ellipse_corners

FARTHEST_PX = 2.0**31
"""No slide has so many pixels: a coordinate beyond is an error in the file, and overflows in geometry."""

_OLD_KINDS = {  # QuPath 0.2 wrote the kind as the feature's id
    "PathAnnotationObject": "annotation",
    "PathDetectionObject": "detection",
    "PathTileObject": "tile",
    "PathCellObject": "cell",
    "PathRootObject": "root",
    "TMACoreObject": "tmaCore",
}


@dataclass(frozen=True, slots=True)
class DrawnObject:
    """A feature that can be an area on a slide."""

    kind: str
    """"annotation", or what QuPath calls it else: "detection", "tile", "cell"."""
    classes: tuple[str, ...]
    """Its class, from the general to the special: "Tumor: Positive" is ("Tumor", "Positive"); empty if it has none."""
    polygons: tuple[Polygon, ...]
    """In the file's own frame, not checked for crossing lines; empty for points, lines and what is no annotation."""
    shapes: Counter[str]
    """How many points, lines and areas an annotation has, by GeoJSON's names of them."""
    rgb: tuple[int, int, int] | None = None
    """The colour of its class, 0 to 255; None if the file does not say."""
    name: str = ""
    """What the person who drew it called it."""

    @property
    def class_name(self) -> str:
        """Its class as QuPath writes it, "" if it has none."""
        return ": ".join(self.classes)

    @property
    def ignored(self) -> bool:
        """Whether its class marks what is to be left out, as QuPath's "Ignore*" does."""
        return any(name.casefold().startswith("ignore") for name in self.classes)

    def is_of(self, wanted: str) -> bool:
        """Return whether its class is `wanted`, or a special case of it."""
        names = [name.casefold() for name in self.classes]
        steps = [step.casefold() for step in split_class(wanted)]
        return bool(steps) and names[: len(steps)] == steps


def split_class(name: str) -> tuple[str, ...]:
    """Return the steps of a class's name: "Tumor: Positive" has two."""
    return tuple(step.strip() for step in name.split(":") if step.strip())


def read_objects(path: Path) -> list[DrawnObject]:
    """Read all features of a GeoJSON file.

    Raises
    ------
    RegionError
        If the file is not GeoJSON, or a feature is not valid; the message says which.
    """
    return [_numbered(feature, number, path) for number, feature in enumerate(read_features(path), start=1)]


def _numbered(feature: object, number: int, path: Path) -> DrawnObject:
    try:
        return read_object(feature)
    except RecursionError:
        why = "it is nested too deeply"
    except RegionError as exc:
        why = str(exc)
    raise RegionError(
        f"Feature {number} of {path} is not a valid annotation ({why}). Draw it again in QuPath, or remove it."
    )


def read_object(feature: object) -> DrawnObject:
    """Read one feature of a GeoJSON file.

    Raises
    ------
    RegionError
        If it is no feature, or its kind, class or geometry is not as GeoJSON and QuPath have it: half a sentence.
    """
    if not isinstance(feature, Mapping):
        raise RegionError(f"{reprlib.repr(feature)} is no feature")
    properties = feature.get("properties") or {}
    if not isinstance(properties, Mapping):
        raise RegionError("its properties are no table")
    kind = _kind(feature, properties)
    if kind != "annotation":  # a flaw in what does not count is none
        return DrawnObject(kind, classes=(), polygons=(), shapes=Counter())
    parts = list(_parts(feature.get("geometry")))
    return DrawnObject(
        kind=kind,
        classes=_classes(properties.get("classification")),
        polygons=tuple(polygon for _, polygon in parts if polygon is not None),
        shapes=Counter(kind for kind, _ in parts),
        rgb=_rgb(properties.get("classification")),
        name=_name(properties.get("name")),
    )


def _kind(feature: Mapping[Any, Any], properties: Mapping[Any, Any]) -> str:
    stated = [properties.get("objectType"), properties.get("object_type"), feature.get("objectType")]
    kind = next((each for each in stated if each is not None), None)
    if kind is None:
        identity = feature.get("id")
        return _OLD_KINDS.get(identity, "annotation") if isinstance(identity, str) else "annotation"
    if not isinstance(kind, str):
        raise RegionError(f"its objectType is {reprlib.repr(kind)}, not a word")
    kind = _OLD_KINDS.get(kind, kind).strip()
    return "annotation" if kind.casefold() in ("annotation", "unknown", "") else kind


def _classes(classification: object) -> tuple[str, ...]:
    names = classification
    if isinstance(classification, Mapping):
        names = classification.get("names") or classification.get("name")
    if not names:
        return ()
    steps = [step for step in (names if isinstance(names, list) else [names]) if step is not None]
    texts = [step for step in steps if isinstance(step, str)]
    if len(texts) < len(steps):
        raise RegionError(f"its class is {reprlib.repr(names)}, not a name")
    return tuple(part for text in texts for part in split_class(text))


def _name(name: object) -> str:
    return " ".join(name.split()) if isinstance(name, str) else ""  # a name that is no text changes no region


def _rgb(classification: object) -> tuple[int, int, int] | None:
    """Return the colour of a class; before QuPath 0.4 it was one number, alpha, red, green and blue in its bytes."""
    if not isinstance(classification, Mapping):
        return None
    colour, packed = classification.get("color"), classification.get("colorRGB")
    if isinstance(packed, int) and colour is None:
        colour = list((packed & 0xFFFFFF).to_bytes(3, "big"))
    if not isinstance(colour, list) or len(colour) < 3:
        return None
    red, green, blue = colour[:3]
    known = all(isinstance(channel, int) and 0 <= channel <= 255 for channel in (red, green, blue))
    return (red, green, blue) if known else None


def _parts(geometry: object) -> Iterator[tuple[str, Polygon | None]]:
    """Give each simple shape of a geometry by the name of its kind, with its polygon if it has an area."""
    if geometry is None:
        return
    kind = geometry.get("type") if isinstance(geometry, Mapping) else None
    if not isinstance(geometry, Mapping) or not isinstance(kind, str) or kind not in GEOMETRIES:
        raise RegionError(f"its geometry is {reprlib.repr(kind)}, which GeoJSON does not have")
    if kind == "GeometryCollection":
        for part in _listed(geometry.get("geometries"), "geometries"):
            yield from _parts(part)
        return
    coordinates = _listed(geometry.get("coordinates"), "coordinates")
    if kind == "MultiPolygon":
        for rings in coordinates:
            yield "Polygon", _polygon(rings)
    elif coordinates:
        polygon = _polygon(coordinates) if kind == "Polygon" else None
        yield kind, _ellipse(polygon) if polygon is not None and geometry.get("isEllipse") is True else polygon


def _ellipse(polygon: Polygon) -> Polygon:
    """Return the ellipse in the polygon's box, as QuPath takes it, whatever corners the file gives it."""
    left, top, right, bottom = polygon.bounds
    centre, half = np.array([left + right, top + bottom]) / 2, np.array([right - left, bottom - top]) / 2
    return shapely.Polygon(ellipse_corners(centre, half * [1, 0], half * [0, 1]))


def _polygon(rings: object) -> Polygon | None:
    outlines = [_ring(ring) for ring in _listed(rings, "rings")]
    outlines = [outline for outline in outlines if outline]
    return shapely.Polygon(outlines[0], outlines[1:]) if outlines else None


def _ring(ring: object) -> list[tuple[float, float]]:
    points = [_point(point) for point in _listed(ring, "points")]
    if points and len(set(points)) < 3:
        raise RegionError(f"a ring of {len(set(points))} different points encloses nothing")
    return points


def _point(point: object) -> tuple[float, float]:
    """Return x and y; planes and times, which some points have, do not count."""
    numbers = _listed(point, "numbers")
    if len(numbers) < 2:
        raise RegionError(f"{reprlib.repr(point)} is no point")
    return _coordinate(numbers[0]), _coordinate(numbers[1])


def _coordinate(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or (isinstance(value, float) and isnan(value)):
        raise RegionError(f"{reprlib.repr(value)} is not a coordinate")
    if abs(value) > FARTHEST_PX:
        raise RegionError(f"the coordinate {reprlib.repr(value)} is farther than any slide reaches")
    return float(value)


def _listed(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise RegionError(f"it has {reprlib.repr(value)} for {what}")
    return value
