"""All that goes to QuPath of one result: its tiles, the top tiles of each stage, and the hot spots of each stage."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from msm_mil_core.errors import OutputError
from msm_mil_core.export.qupath.frame import PlacedTiles, QuPathFrame, place_tiles, qupath_frame
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.qupath.geojson_text import FeatureColumns, rectangle_lines
from msm_mil_core.export.qupath.hot_spots import MOST, find_hot_spots, hot_spot_lines
from msm_mil_core.export.qupath.run_facts import run_facts
from msm_mil_core.export.qupath.tile_features import MeasuredTiles, measure_placed, tile_features, top_features
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class ResultFeatures:
    """The objects of one result for QuPath."""

    measured: MeasuredTiles
    frame: QuPathFrame
    facts: Mapping[str, str]
    """What belongs to the run, by name."""
    tiles: int
    """How many tile objects: all that QuPath's image shows, or none."""
    tops: tuple[FeatureColumns, ...]
    """The top tiles of each stage."""
    outlines: tuple[tuple[str, ...], ...]
    """The hot spots of each stage, as JSON texts."""
    left_out: int
    """How many hot spots are not among them, because a stage had too many."""

    def __len__(self) -> int:
        return self.tiles + sum(len(top.ids) for top in self.tops) + sum(map(len, self.outlines))

    def parts(self) -> Iterator[Iterable[str]]:
        """Give the texts of all features in parts of at most some thousand; made when they are asked for."""
        columns = chain(tile_features(self.measured) if self.tiles else (), self.tops)
        yield from map(rectangle_lines, columns)
        yield from self.outlines


def result_features(
    result: SlideResult, options: GeoJsonOptions | None = None, annotations: Annotations | None = None
) -> ResultFeatures:
    """Place the tiles of a result in QuPath's image, and take from them what the options say.

    Raises
    ------
    OutputError
        If no tile lies in QuPath's image.
    """
    options, annotations = options or GeoJsonOptions(), annotations or Annotations()
    frame = qupath_frame(result.slide, options.origin, options.custom_origin_px0)
    placed = place_tiles(result.tiles, frame)
    _check_placed(placed, frame, result.slide.name)
    measured, facts = measure_placed(result, annotations, placed), run_facts(result, frame, annotations)
    metadata, stages = json.dumps(facts, separators=(",", ":")), range(len(result.prediction.stages))
    outlines = [_outlines(measured, stage, options.hot_spots_percent, metadata) for stage in stages]
    return ResultFeatures(
        measured=measured,
        frame=frame,
        facts=facts,
        tiles=len(placed.index) if options.all_tiles else 0,
        tops=tuple(top_features(measured, stage, options.top_k, metadata) for stage in stages),
        outlines=tuple(lines for lines, _ in outlines),
        left_out=sum(left_out for _, left_out in outlines),
    )


def _check_placed(placed: PlacedTiles, frame: QuPathFrame, name: str) -> None:
    if not len(placed.index):
        raise OutputError(
            f"No tile of {name} lies in the image that QuPath shows, so nothing was written. "
            f"The origin is {frame.origin_px0} ({frame.rule}); choose another origin rule."
        )
    if placed.clipped or placed.dropped:
        logger.warning("%s: QuPath's edge cuts %d tiles and excludes %d", name, placed.clipped, placed.dropped)


def _outlines(measured: MeasuredTiles, stage: int, percent: float, metadata: str) -> tuple[tuple[str, ...], int]:
    """Return the hot spots of a stage as texts, those of most attention, and how many were left out."""
    spots = find_hot_spots(measured, stage, percent) if percent else []
    left_out = max(0, len(spots) - MOST)
    if left_out:
        logger.warning(
            "%s: %d hot spots of least attention are left out", measured.result.prediction.map_names[stage], left_out
        )
    return tuple(hot_spot_lines(measured, stage, spots[:MOST], metadata)), left_out
