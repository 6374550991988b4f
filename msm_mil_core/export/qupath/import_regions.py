"""Regions of a slide that somebody drew in QuPath, read from a GeoJSON file."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import shapely
from shapely import Polygon
from shapely.affinity import translate
from shapely.geometry import shape

from msm_mil_core.errors import RegionError
from msm_mil_core.export.qupath.frame import qupath_frame
from msm_mil_core.export.qupath.geojson_check import GZIP_MAGIC
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.slides.regions import Regions, check_regions
from msm_mil_core.slides.slide import SlideFacts

GEOMETRIES = {
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection",
}  # fmt: skip


def read_regions(path: Path, facts: SlideFacts, options: GeoJsonOptions | None = None) -> Regions:
    """Read annotations drawn in QuPath as regions of a slide, shifted from QuPath's origin to level 0.

    Raises
    ------
    RegionError
        If the file is not GeoJSON, has no annotation with an area, or one crosses itself or misses the slide.
    """
    options = options or GeoJsonOptions()
    x, y = qupath_frame(facts, options.origin, options.custom_origin_px0).origin_px0
    areas = [translate(area, x, y) for area in read_areas(path)]
    try:
        return check_regions(areas, facts)
    except RegionError as exc:
        raise RegionError(f"{path}: {exc}") from exc


def read_areas(path: Path) -> list[Polygon]:
    """Return the polygons of all annotations with an area, in the file's own frame.

    Tiles, detections and cells are left out, as are points and lines; a feature without a stated type is an
    annotation, as for QuPath. The file may be gzipped, a feature collection, a list, one feature or a bare geometry.

    Raises
    ------
    RegionError
        If the file cannot be read, is not GeoJSON, or has no such annotation.
    """
    areas = [area for number, feature in enumerate(_features(path), 1) for area in _areas(feature, number, path)]
    if not areas:
        raise RegionError(
            f"{path} has no annotation with an area (tiles, detections, points and lines do not count). "
            "Draw one in QuPath and export it again as GeoJSON."
        )
    return areas


def _features(path: Path) -> list[object]:
    content = _content(path)
    if isinstance(content, list):
        return content
    kind = content.get("type") if isinstance(content, dict) else None
    if kind == "FeatureCollection" and isinstance(content.get("features"), list):
        return list(content["features"])
    if kind == "Feature":
        return [content]
    if kind in GEOMETRIES:
        return [{"geometry": content}]
    raise RegionError(f"{path} is not GeoJSON: it has no features. Export annotations from QuPath as GeoJSON.")


def _content(path: Path) -> Any:
    try:
        packed = path.read_bytes()
        text = gzip.decompress(packed) if packed.startswith(GZIP_MAGIC) else packed
        return json.loads(text.decode("utf-8-sig"), parse_constant=_refuse)
    except FileNotFoundError as exc:
        raise RegionError(f"There is no file {path}. Check the path of the regions.") from exc
    except (OSError, EOFError, zlib.error) as exc:
        raise RegionError(f"{path} cannot be read ({exc}). Export the annotations again.") from exc
    except (ValueError, RecursionError) as exc:
        raise RegionError(
            f"{path} is not GeoJSON ({exc}). Export annotations from QuPath as GeoJSON, and choose that file."
        ) from exc


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a coordinate")


def _areas(feature: Any, number: int, path: Path) -> Iterator[Polygon]:
    try:
        properties = feature.get("properties") or {}
        kind = properties.get("objectType", properties.get("object_type", "annotation"))
        geometry = feature.get("geometry")
        if kind == "annotation" and geometry is not None:
            yield from _polygons(shapely.force_2d(shape(geometry)))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, shapely.errors.ShapelyError) as exc:
        raise RegionError(
            f"Feature {number} of {path} is not a valid annotation ({exc}). Draw it again in QuPath, or remove it."
        ) from exc


def _polygons(drawn: shapely.Geometry) -> Iterator[Polygon]:
    for part in shapely.get_parts(drawn):
        if isinstance(part, Polygon) and not part.is_empty:
            yield part
        elif isinstance(part, shapely.MultiPolygon | shapely.GeometryCollection):
            yield from _polygons(part)
