"""GeoJSON for QuPath: all tiles with every stage's measurements, and the top tiles of each stage."""

import gzip
import json
import logging
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.errors import OutputError
from msm_mil_core.export.qupath.frame import PlacedTiles, QuPathFrame, place_tiles, qupath_frame
from msm_mil_core.export.qupath.geojson_check import check_geojson
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.qupath.geojson_text import CommonParts, collection_text
from msm_mil_core.export.qupath.tile_features import measure_placed, tile_features, top_features
from msm_mil_core.export.tables.verdicts import verdict_summary
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult

GZIP_ABOVE = 20_000
"""More features than this are written as .geojson.gz, which QuPath opens as it is."""

logger = logging.getLogger(__name__)


def write_geojson(
    result: SlideResult, path: Path, options: GeoJsonOptions | None = None, annotations: Annotations | None = None
) -> Path:
    """Write a result for QuPath and return where: `path`, with ".gz" added above 20,000 features.

    Each tile becomes a locked tile object with all stages' measurements; tiles that a stage claims have its class. The
    top tiles of each stage are annotations besides. Ids depend on the slide, the model, its masking and the cell alone,
    so QuPath asks before it duplicates objects. Verdicts in `annotations` go into the names of top tiles, into the
    metadata of every object, and, for a claimed tile, into its own "verdict". The file is whole or absent, and is
    checked by reading it back. Coordinates are whole level-0 pixels from QuPath's origin.

    Parameters
    ----------
    options
        How many top tiles become annotations, and where the origin is; None for the defaults.
    annotations
        As `load_annotations` returns them; None writes no verdicts.

    Raises
    ------
    OutputError
        If it cannot be written there, no tile lies in QuPath's image, or what was written does not read back.
    """
    options, annotations = options or GeoJsonOptions(), annotations or Annotations()
    frame = qupath_frame(result.slide, options.origin, options.custom_origin_px0)
    placed = place_tiles(result.tiles, frame)
    _check_placed(placed, frame, path)
    measured = measure_placed(result, annotations, placed)
    tops = [top_features(measured, stage, options.top_k) for stage in range(len(result.prediction.stages))]
    features = len(placed.index) + sum(len(top.ids) for top in tops)
    if features > GZIP_ABOVE and path.suffix != ".gz":
        path = path.with_name(f"{path.name}.gz")
    text = collection_text(
        chain(tile_features(measured), tops),
        CommonParts(measured.measurements, _metadata(result, frame, annotations)),
    )
    with whole_file(path) as part:
        _write_text(part, text, zipped=path.suffix == ".gz")
        check_geojson(part, features, path)
    return path


def _check_placed(placed: PlacedTiles, frame: QuPathFrame, path: Path) -> None:
    if not len(placed.index):
        raise OutputError(
            f"No tile lies in the image that QuPath shows, so {path} was not written. "
            f"The origin is {frame.origin_px0} ({frame.rule}); choose another origin rule."
        )
    if placed.clipped or placed.dropped:
        logger.warning("%s: QuPath's edge cuts %d tiles and excludes %d", path.name, placed.clipped, placed.dropped)


def _metadata(result: SlideResult, frame: QuPathFrame, annotations: Annotations) -> str:
    x, y = frame.origin_px0
    facts = {
        "run": result.created,
        "model": f"{result.model.name} ({result.model.sha256[:8]})",
        "encoder": str(result.options.get("encoder", "")),
        "mpp": f"{result.slide.mpp} ({result.slide.mpp_origin})",
        "tile": f"{result.tiles.side_px0} px0",
        "bounds": f"{frame.rule} {x},{y}",
        "tissue": result.worth.unlike,
        "version": result.versions.get("napari-msm-mil", ""),
        "verdicts": verdict_summary(annotations, result.prediction.map_classes),
    }
    facts = {name: fact for name, fact in facts.items() if fact}
    return json.dumps(facts, separators=(",", ":"))


def _write_text(path: Path, chunks: Iterator[str], *, zipped: bool) -> None:
    with gzip.open(path, "wb", compresslevel=1) if zipped else path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk.encode())
