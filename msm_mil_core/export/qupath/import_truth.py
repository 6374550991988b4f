"""Areas whose class is known, as somebody outlined them in QuPath, read from a GeoJSON file."""

from collections import defaultdict
from itertools import cycle
from pathlib import Path

import shapely
from shapely import Polygon
from shapely.affinity import translate

from msm_mil_core.errors import RegionError
from msm_mil_core.export.qupath.drawn_areas import check_lines, find_areas
from msm_mil_core.export.qupath.drawn_object import DrawnObject, read_objects
from msm_mil_core.export.qupath.frame import qupath_frame
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.slides.regions import check_regions
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.truth import TruthArea

COLOURS = ((17, 119, 51), (170, 51, 119), (102, 51, 0), (51, 34, 136))
"""For classes whose colour the file does not say, in turn: dark, to be seen on stained tissue."""


def read_truth(path: Path, facts: SlideFacts, options: GeoJsonOptions | None = None) -> tuple[TruthArea, ...]:
    """Read annotations that have a class, joined by class, shifted from QuPath's origin to level 0.

    Annotations without a class or of a class "Ignore*", points, lines, detections and tiles do not count.

    Returns
    -------
    tuple of TruthArea
        In the order in which the file first names their classes.

    Raises
    ------
    RegionError
        If the file is not GeoJSON, has no annotation with a class and an area, or one crosses itself or misses the
        slide.
    """
    options = options or GeoJsonOptions()
    corner_px0 = qupath_frame(facts, options.origin, options.custom_origin_px0).origin_px0
    of_class: dict[str, list[DrawnObject]] = defaultdict(list)
    for drawn in find_areas(read_objects(path)).areas:
        if drawn.class_name and not drawn.ignored:
            of_class[drawn.class_name].append(drawn)
    if not of_class:
        raise RegionError(
            f"{path} has no annotation that has both an area and a class. Set the classes in QuPath and export the "
            "annotations again as GeoJSON."
        )
    colours = zip(of_class.items(), cycle(COLOURS), strict=False)
    try:
        return tuple(
            TruthArea(
                name=name,
                rgb=next((each.rgb for each in drawn if each.rgb), colour),
                shape=shapely.union_all(_checked(drawn, corner_px0, facts)),
            )
            for (name, drawn), colour in colours
        )
    except (RegionError, shapely.errors.ShapelyError) as exc:
        raise RegionError(f"{path}: {exc}") from exc


def _checked(objects: list[DrawnObject], corner_px0: tuple[int, int], facts: SlideFacts) -> tuple[Polygon, ...]:
    parts = [(drawn.called, polygon) for drawn in objects for polygon in check_lines(drawn).polygons]
    moved = (translate(polygon, *corner_px0) for _, polygon in parts)
    return check_regions(moved, facts, called=[called for called, _ in parts]).polygons
