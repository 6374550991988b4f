"""What a running QuPath is asked for, and regions from files, as jobs for a thread."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msm_mil_core.progress import Progress
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.regions import Regions
from msm_mil_core.slides.slide import SlideFacts

if TYPE_CHECKING:  # opening the dock does not need what they import
    from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
    from msm_mil_core.export.qupath.live.camera import View
    from msm_mil_core.export.qupath.live.gateway_options import GatewayOptions
    from msm_mil_core.export.qupath.live.send import SentResult


@dataclass(frozen=True, slots=True)
class FoundRegions:
    """Regions of a slide, and where they come from."""

    regions: Regions
    source: str
    """"QuPath", or the name of a file."""


def send_result(
    result: SlideResult, annotations: Annotations, gateway: GatewayOptions, options: GeoJsonOptions | None
) -> Generator[Progress, None, SentResult]:
    """Send a result to a running QuPath, with the verdicts on its stages."""
    from msm_mil_core.export.qupath.live.send import send_result as send

    return (yield from send(result, gateway, options, annotations))


def fetch_regions(facts: SlideFacts, gateway: GatewayOptions) -> Generator[Progress, None, FoundRegions]:
    """Take the annotations of a running QuPath as regions."""
    from msm_mil_core.export.qupath.live.fetch import SOURCE
    from msm_mil_core.export.qupath.live.fetch import fetch_regions as fetch

    yield Progress("Fetching annotations from QuPath", 0, 1)
    return FoundRegions(fetch(facts, gateway), SOURCE)


def read_regions(facts: SlideFacts, path: Path) -> Generator[Progress, None, FoundRegions]:
    """Take the annotations in a file as regions."""
    from msm_mil_core.export.qupath.import_regions import read_regions as read

    yield Progress("Reading regions", 0, 1)
    return FoundRegions(read(path, facts), path.name)


def follow_view(facts: SlideFacts, gateway: GatewayOptions, moved: View | None) -> Generator[Progress, None, View]:
    """Have QuPath look where napari's camera has moved to, or return where QuPath looks if it has not."""
    from msm_mil_core.export.qupath.live.camera import move_view, read_view
    from msm_mil_core.export.qupath.live.connection import connected

    yield Progress("Following QuPath", 0, 1)
    with connected(gateway) as entry_point:
        if moved is None:
            return read_view(entry_point, facts)
        move_view(entry_point, facts, moved)
        return moved
