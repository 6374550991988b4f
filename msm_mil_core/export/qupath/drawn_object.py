"""One object of a GeoJSON file, as QuPath means it: its kind, its class, and the area that was drawn."""

import reprlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import isnan
from pathlib import Path
from typing import Any
from unicodedata import category

import numpy as np
import shapely
from shapely import Polygon

from msm_mil_core.errors import RegionError
from msm_mil_core.export.qupath.geojson_file import GEOMETRIES, read_features
from msm_mil_core.slides.regions import RegionLabel, ellipse_corners

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
    number: int = 0
    """Its place among the features of its source, from 1; 0 if it has none."""

    @property
    def called(self) -> str:
        """What messages call it, so that it is found in its source."""
        return _called(self.number, str(RegionLabel(self.name, self.class_name)))

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
    return list(objects_of(read_features(path), str(path)))


def objects_of(features: Iterable[object], source: str) -> Iterator[DrawnObject]:
    """Read features of GeoJSON one by one; `source` names where they come from.

    Raises
    ------
    RegionError
        If one is not valid; the message says which.
    """
    for number, feature in enumerate(features, start=1):
        try:
            yield replace(_read_object(feature), number=number)
        except (RegionError, RecursionError) as exc:
            why = exc if isinstance(exc, RegionError) else "it is nested too deeply"
            which = _called(number, _name_in(feature)).capitalize()
            raise RegionError(
                f"{which} of {source} is not a valid annotation ({why}). Draw it again in QuPath, or remove it."
            ) from exc


def _called(number: int, name: str) -> str:
    return f"feature {number}" + (f" ({reprlib.repr(name)})" if name else "")


def _name_in(feature: object) -> str:
    properties = feature.get("properties") if isinstance(feature, Mapping) else None
    return _name(properties.get("name")) if isinstance(properties, Mapping) else ""


def _read_object(feature: object) -> DrawnObject:
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
    return tuple(part for text in texts for part in split_class(_plain(text)))


def _name(name: object) -> str:
    return _plain(name) if isinstance(name, str) else ""  # a name that is no text changes no region


def _plain(text: str) -> str:
    """Return text that can be shown and stored: what JSON may hold besides, and ends of lines, become a space."""
    return " ".join("".join(" " if category(letter) in ("Cc", "Cs") else letter for letter in text).split())


def _rgb(classification: object) -> tuple[int, int, int] | None:
    """Return the colour of a class, as red, green and blue or as one number with alpha, red, green, blue in its bytes.

    Before QuPath 0.4 it was always such a number, called `colorRGB`.
    """
    if not isinstance(classification, Mapping):
        return None
    colour = classification.get("color")
    colour = classification.get("colorRGB") if colour is None else colour
    packed = colour[0] if isinstance(colour, list) and len(colour) == 1 else colour
    if isinstance(packed, int):
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
    """Return a polygon; None if its outline has less than three different points, as a click in QuPath may leave."""
    outlines = [_ring(ring) for ring in _listed(rings, "rings")]
    if not outlines or not outlines[0]:
        return None
    return shapely.Polygon(outlines[0], [hole for hole in outlines[1:] if hole])


def _ring(ring: object) -> list[tuple[float, float]]:
    """Return the points of a ring; none if it encloses nothing."""
    points = [_point(point) for point in _listed(ring, "points")]
    return points if len(set(points)) > 2 else []


def _point(point: object) -> tuple[float, float]:
    """Return x and y; planes and times, which some points have, do not count."""
    numbers = _listed(point, "numbers")
    if len(numbers) < 2:
        raise RegionError(f"{reprlib.repr(point)} is no point")
    return _coordinate(numbers[0]), _coordinate(numbers[1])


def _coordinate(value: object) -> float:
    number = _number(value)
    if number is not None and abs(number) > FARTHEST_PX:
        raise RegionError(f"the coordinate {reprlib.repr(value)} is farther than any slide reaches")
    if number is None or isnan(number):
        raise RegionError(f"{reprlib.repr(value)} is not a coordinate")
    return float(number)


def _number(value: object) -> float | None:
    """Return a number, or the number that a text is, as QuPath takes it; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return None


def _listed(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise RegionError(f"it has {reprlib.repr(value)} for {what}")
    return value
