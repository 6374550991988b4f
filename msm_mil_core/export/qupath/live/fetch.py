"""Annotations of a running QuPath, as regions of a slide."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from msm_mil_core.export.qupath.drawn_object import objects_of
from msm_mil_core.export.qupath.import_regions import regions_of
from msm_mil_core.export.qupath.live.connection import connected, qupath_answers
from msm_mil_core.export.qupath.live.gateway_options import GatewayOptions
from msm_mil_core.export.qupath.live.open_image import frame_of, open_hierarchy, read_open_image
from msm_mil_core.slides.regions import Regions
from msm_mil_core.slides.slide import SlideFacts

AT_ONCE = 1000
"""Annotations in one text."""
SOURCE = "QuPath"
"""What messages call the place where they come from."""


def fetch_regions(facts: SlideFacts, gateway: GatewayOptions | None = None, classes: Sequence[str] = ()) -> Regions:
    """Take the annotations of the image that is open in QuPath as regions of a slide, as `read_regions` does.

    Those that came with a result and are still locked are left out: nobody drew them.

    Raises
    ------
    QuPathError
        If QuPath cannot be reached, or shows another slide.
    RegionError
        If it has no annotation with an area, or one crosses itself or misses the slide.
    """
    with connected(gateway) as entry_point:
        frame = frame_of(read_open_image(entry_point), facts)
        hierarchy = open_hierarchy(entry_point)
        with qupath_answers():
            texts = entry_point.toFeatureCollections(hierarchy.getAnnotationObjects(), AT_ONCE)
            features = [feature for text in texts for feature in json.loads(text)["features"]]
    drawn = [feature for feature in features if not _is_sent(feature)]
    regions = regions_of(objects_of(drawn, SOURCE), facts, SOURCE, frame.origin_px0, classes)
    sent = len(features) - len(drawn)
    return replace(regions, remark=" ".join(filter(None, (regions.remark, _sent_remark(sent)))))


def _is_sent(feature: object) -> bool:
    """Return whether an annotation came with a result, and was not unlocked since."""
    properties = _table(feature, "properties")
    return bool(properties.get("isLocked")) and {"run", "model"} <= set(_table(properties, "metadata"))


def _table(of: object, name: str) -> dict[str, Any]:
    found = of.get(name) if isinstance(of, dict) else None
    return found if isinstance(found, dict) else {}  # what is wrong with it is said when it is read


def _sent_remark(count: int) -> str:
    if not count:
        return ""
    which = "annotation that came" if count == 1 else "annotations that came"
    return f"{count} locked {which} with a result left out; unlock what you want to use."
