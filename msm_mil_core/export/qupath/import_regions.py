"""Regions of a slide that somebody drew in QuPath, read from a GeoJSON file."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

import numpy as np
import shapely
from shapely import Polygon
from shapely.affinity import translate

from msm_mil_core.errors import RegionError
from msm_mil_core.export.qupath.drawn_areas import DrawnAreas, check_lines, find_areas
from msm_mil_core.export.qupath.drawn_object import DrawnObject, read_objects
from msm_mil_core.export.qupath.frame import qupath_frame
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.slides.regions import RegionLabel, Regions, check_regions
from msm_mil_core.slides.slide import SlideFacts


def read_regions(
    path: Path, facts: SlideFacts, options: GeoJsonOptions | None = None, classes: Sequence[str] = ()
) -> Regions:
    """Read annotations drawn in QuPath as regions of a slide, shifted from QuPath's origin to level 0.

    Tiles, detections and cells are no regions, nor are points, lines and what has no area; a feature without a stated
    type is an annotation, as for QuPath. Names and classes become the labels of the regions. What has a class "Ignore*"
    is cut out of the others. The `remark` of what is returned says what was left out. The file may be gzipped or
    zipped, a feature collection, a list, one feature or a bare geometry.

    Parameters
    ----------
    classes
        Only annotations of these classes, or of special cases of them, are regions: "Tumor" takes "Tumor: Positive",
        too. All, if there is none.

    Raises
    ------
    RegionError
        If the file is not GeoJSON, has no annotation with an area, or one crosses itself or misses the slide.
    """
    options = options or GeoJsonOptions()
    corner_px0 = qupath_frame(facts, options.origin, options.custom_origin_px0).origin_px0
    return regions_of(read_objects(path), facts, str(path), corner_px0, classes)


def regions_of(
    drawn: Iterable[DrawnObject],
    facts: SlideFacts,
    source: str,
    corner_px0: tuple[int, int],
    classes: Sequence[str] = (),
) -> Regions:
    """Take what was drawn in QuPath as regions, as `read_regions` does; `source` names where it comes from.

    Raises
    ------
    RegionError
        As `read_regions` does.
    """
    found = find_areas(drawn)
    regions = _chosen(_to_run_on(found, source), classes, source)
    holes = [each for each in found.areas if each.ignored]
    try:
        checked = _checked(list(map(check_lines, regions)), facts, corner_px0)
        cut = _cut_out(checked, _moved(map(check_lines, holes), corner_px0))
    except (RegionError, shapely.errors.ShapelyError) as exc:
        raise RegionError(f"{source}: {exc}") from exc
    if not cut.polygons:
        raise RegionError(f"{source}: its Ignore annotations cover all of its regions. Draw larger regions in QuPath.")
    return replace(cut, remark=_remark(found, len(regions), PurePath(source).name))


def _to_run_on(found: DrawnAreas, source: str) -> Sequence[DrawnObject]:
    regions = [each for each in found.areas if not each.ignored]
    if not regions:
        raise RegionError(
            f"{source} has no annotation with an area to run on{_in_brackets(found)}. "
            "Draw one in QuPath and export it again as GeoJSON."
        )
    return regions


def _checked(regions: Sequence[DrawnObject], facts: SlideFacts, corner_px0: tuple[int, int]) -> Regions:
    parts = [each for each in regions for _ in each.polygons]
    labels = [RegionLabel(each.name, each.class_name) for each in parts]
    return check_regions(_moved(regions, corner_px0), facts, labels, [each.called for each in parts])


def _chosen(regions: Sequence[DrawnObject], classes: Sequence[str], source: str) -> Sequence[DrawnObject]:
    for wanted in classes:
        if not any(each.is_of(wanted) for each in regions):
            there = ", ".join(repr(name) for name in sorted({each.class_name for each in regions} - {""})) or "none"
            raise RegionError(
                f"{source} has no region of the class {wanted!r}. It has: {there}. Choose another --region-class."
            )
    return [each for each in regions if not classes or any(each.is_of(wanted) for wanted in classes)]


def _moved(objects: Iterable[DrawnObject], corner_px0: tuple[int, int]) -> list[Polygon]:
    x, y = corner_px0
    return [translate(polygon, x, y) for each in objects for polygon in each.polygons]


def _cut_out(regions: Regions, holes: Sequence[Polygon]) -> Regions:
    if not holes:
        return regions
    left = shapely.difference(np.array(regions.polygons), shapely.union_all(holes))
    parts, whole = shapely.get_parts(left, return_index=True)
    kept = [at for at, part in enumerate(parts) if isinstance(part, Polygon) and part.area > 0]
    labels = tuple(regions.labels[whole[at]] for at in kept) if regions.labels else ()
    return Regions(tuple(parts[at] for at in kept), labels=labels)


def _remark(found: DrawnAreas, regions: int, file: str) -> str:
    """Say what of a file does not count, as a sentence; empty if all of it does."""
    left_out = _in_brackets(found, of_other_classes=sum(not each.ignored for each in found.areas) - regions)
    return f"{file}: {regions} {'region' if regions == 1 else 'regions'} taken{left_out}." if left_out else ""


def _in_brackets(found: DrawnAreas, of_other_classes: int = 0) -> str:
    ignored = sum(each.ignored for each in found.areas)
    counts = {"of other classes": of_other_classes, "of a class to ignore": ignored, **dict(found.others)}
    said = [f"{count} {words}" for words, count in counts.items() if count]
    return f" (left out: {', '.join(said)})" if said else ""
