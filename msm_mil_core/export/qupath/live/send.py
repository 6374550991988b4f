"""A result goes to a running QuPath: its objects, the colours of its stages, and the map of stage 1."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from msm_mil_core.errors import QuPathError
from msm_mil_core.export.qupath.companions import class_colours, shown_map
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.qupath.geojson_text import collection_text
from msm_mil_core.export.qupath.live.connection import connected, qupath_answers
from msm_mil_core.export.qupath.live.gateway_options import GatewayOptions
from msm_mil_core.export.qupath.live.open_image import frame_of, open_hierarchy, read_open_image
from msm_mil_core.export.qupath.result_features import result_features
from msm_mil_core.export.qupath.scripts.groovy_text import fill_template
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.progress import Progress
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult

OURS = ("Winner stage", "Attention share")
"""Measurements that only our objects have: tiles and top tiles the first, hot spots the second."""


@dataclass(frozen=True, slots=True)
class SentResult:
    """What QuPath has now."""

    objects: int
    image: str
    """The name of the image in QuPath."""

    def __str__(self) -> str:
        return f"QuPath has {self.objects:,} objects of the result now, on {self.image}."


def send_result(
    result: SlideResult,
    gateway: GatewayOptions | None = None,
    options: GeoJsonOptions | None = None,
    annotations: Annotations | None = None,
) -> Generator[Progress, None, SentResult]:
    """Send a result to the image that is open in QuPath, in place of one that was sent or imported before.

    Where QuPath's coordinates begin is taken from the size of its image, unless the options say it is custom. QuPath
    reads all objects first and gets them at the end: dropped before, it is as it was.

    Raises
    ------
    QuPathError
        If QuPath cannot be reached, or shows another slide.
    OutputError
        If no tile lies in QuPath's image.
    """
    options = options or GeoJsonOptions()
    yield Progress("Looking for QuPath", 0, 1)
    with connected(gateway) as entry_point:
        image = read_open_image(entry_point)
        if options.origin != "custom":
            options = options.replace(origin=frame_of(image, result.slide).rule)
        features = result_features(result, options, annotations)
        read, done = [], 0
        for part in features.parts():
            yield Progress("Sending to QuPath", done, len(features))
            lines = list(part)
            read.append(_read_by_qupath(entry_point, "".join(collection_text([lines]))))
            done += len(lines)
        if read_open_image(entry_point) != image:
            raise QuPathError("Another image was opened in QuPath meanwhile, so nothing was sent. Try again.")
        _replace_objects(entry_point, read)
        _show(entry_point, result.prediction)
        return SentResult(len(features), image.name)


def _read_by_qupath(entry_point: Any, text: str) -> Any:
    with qupath_answers():
        return entry_point.toPathObjects(text)


def _replace_objects(entry_point: Any, read: list[Any]) -> None:
    """Have QuPath remove what was sent before, and take what it read; `read` is empty then."""
    script = fill_template("remove_sent", {"measurements": OURS})
    with qupath_answers():
        entry_point.getQuPath().runScript(None, script)
        while read:  # QuPath's gateway lets go of what Python does
            open_hierarchy(entry_point).addObjects(read.pop(0))


def _show(entry_point: Any, prediction: Prediction) -> None:
    script = fill_template("show_sent", {"colours": class_colours(prediction.map_names), **shown_map(prediction)})
    with qupath_answers():
        entry_point.getQuPath().runScript(None, script)
