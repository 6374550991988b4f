"""GeoJSON for QuPath: all tiles with every stage's measurements, the top tiles of each stage, and regions back."""

import gzip
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from shapely.affinity import translate

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.display.stage_style import stage_name, stage_rgb
from msm_mil_core.errors import OutputError, RegionError
from msm_mil_core.export.qupath.frame import OriginRule, PlacedTiles, QuPathFrame, place_tiles, qupath_frame
from msm_mil_core.export.qupath.geojson_check import check_geojson
from msm_mil_core.export.qupath.geojson_text import CommonWords, FeatureColumns, collection_text
from msm_mil_core.export.qupath.import_regions import read_areas
from msm_mil_core.export.qupath.tile_ids import tile_ids
from msm_mil_core.export.tables.measurements import measure_tiles
from msm_mil_core.export.tables.verdicts import short_label, tile_verdicts, verdicts_in_words
from msm_mil_core.options import Options
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.regions import Regions, check_regions
from msm_mil_core.slides.slide import SlideFacts

CHUNK = 2048
"""Tiles that are held as text at one time."""
GZIP_ABOVE = 20_000
"""More features than this are written as .geojson.gz, which QuPath opens as it is."""

logger = logging.getLogger(__name__)


class GeoJsonOptions(Options):
    """What goes to QuPath, and from where it counts."""

    top_k: int = Field(10, ge=0, le=1000)
    """How many tiles of highest attention of each stage also become annotations, QuPath's gallery; 0 for none."""
    origin: OriginRule = "auto"
    """Where QuPath counts from: auto = the corner of the slide's bounds, as QuPath crops; none = the slide's own
    corner, for images added with --no-crop; custom = as told."""
    custom_origin_px0: tuple[int, int] | None = None
    """The corner (x, y) in level-0 pixels, with custom alone."""

    @model_validator(mode="after")
    def _custom_has_its_corner(self) -> "GeoJsonOptions":
        if (self.origin == "custom") != (self.custom_origin_px0 is not None):
            raise ValueError("give custom_origin_px0 with origin custom, and only then")
        return self


def write_geojson(
    result: SlideResult, path: Path, options: GeoJsonOptions | None = None, annotations: Annotations | None = None
) -> Path:
    """Write a result for QuPath and return where: `path`, with ".gz" added above 20,000 features.

    Each tile becomes a locked tile object with all stages' measurements; tiles that a stage claims have its class. The
    top tiles of each stage are annotations besides. Ids depend on the slide, the model, its masking and the cell alone,
    so QuPath asks before it doubles objects. What `annotations` says of the stages goes into the names of their top
    tiles and the metadata: all of it into every object's, and what was said of the stage that claims a tile into the
    tile's own "verdict". The file is whole or absent, and was read back.

    Raises
    ------
    OutputError
        If it cannot be written there, no tile lies in QuPath's image, or what was written does not read back.
    """
    options, annotations = options or GeoJsonOptions(), annotations or Annotations()
    frame = qupath_frame(result.slide, options.origin, options.custom_origin_px0)
    placed = place_tiles(result.tiles, frame)
    _tell_lost(placed, frame, path)
    measured = measure_tiles(result.prediction)
    values = np.stack(list(measured.values()), axis=1)[placed.index]  # (n, M)
    words = CommonWords(tuple(measured), _metadata(result, frame, annotations))
    tops = [_top_tiles(result, placed, values, top) for top in _tops(result, annotations, options.top_k)]
    features = len(placed.index) + sum(len(top.ids) for top in tops)
    if features > GZIP_ABOVE and path.suffix != ".gz":
        path = path.with_name(f"{path.name}.gz")
    with whole_file(path) as part:
        parts = chain(_tiles(result, placed, values, _verdict_members(result, annotations)), tops)
        _write_text(part, collection_text(parts, words), zipped=path.suffix == ".gz")
        check_geojson(part, features, path)
    return path


def read_regions(path: Path, facts: SlideFacts, options: GeoJsonOptions | None = None) -> Regions:
    """Read annotations drawn in QuPath as regions of a slide, shifted from QuPath's origin to level 0.

    Raises
    ------
    RegionError
        If the file is no GeoJSON, has no annotation with an area, or one crosses itself or misses the slide.
    """
    options = options or GeoJsonOptions()
    x, y = qupath_frame(facts, options.origin, options.custom_origin_px0).origin_px0
    areas = [translate(area, x, y) for area in read_areas(path)]
    try:
        return check_regions(areas, facts)
    except RegionError as exc:
        raise RegionError(f"{path}: {exc}") from exc


def _tell_lost(placed: PlacedTiles, frame: QuPathFrame, path: Path) -> None:
    if not len(placed.index):
        raise OutputError(
            f"No tile lies in the image that QuPath shows: nothing for {path}. "
            f"The origin is {frame.origin_px0} ({frame.rule}); choose another origin rule."
        )
    if placed.clipped or placed.dropped:
        logger.warning("%s: QuPath's edge cuts %d tiles and drops %d", path.name, placed.clipped, placed.dropped)


def _verdict_members(result: SlideResult, annotations: Annotations) -> list[str]:
    """Return for each tile the member of its metadata that tells the verdict on it; empty where there is none."""
    return [f'"verdict":{json.dumps(said)},' if said else "" for said in tile_verdicts(result.prediction, annotations)]


def _tiles(
    result: SlideResult, placed: PlacedTiles, values: NDArray[np.float32], verdicts: list[str]
) -> Iterator[FeatureColumns]:
    head = '"objectType":"tile","isLocked":true,'
    heads = [head, *(head + _classification(stage) for stage in range(len(result.prediction.stages)))]
    claimed = np.stack([np.zeros(len(result.tiles), bool), *(stage.claimed for stage in result.prediction.stages)])
    for start in range(0, len(placed.index), CHUNK):
        rows = slice(start, start + CHUNK)
        index = placed.index[rows]
        of_stage = claimed[:, index].argmax(axis=0).tolist()  # 0 where no stage claims the tile
        ids = tile_ids(result, index, [""] * len(index))
        yield FeatureColumns(
            ids=ids,
            box_px=placed.box_px[rows],
            properties=[heads[stage] for stage in of_stage],
            values=values[rows],
            metadata=[verdicts[tile] for tile in index.tolist()],
        )


def _classification(stage: int) -> str:
    return f'"classification":{json.dumps({"name": stage_name(stage), "color": stage_rgb(stage)})},'


@dataclass(frozen=True, slots=True)
class _Top:
    """Which of a stage's tiles become annotations, and what was said of the stage."""

    stage: int
    count: int
    label: str


def _tops(result: SlideResult, annotations: Annotations, count: int) -> list[_Top]:
    return [_Top(stage, count, short_label(annotations, stage)) for stage in range(len(result.prediction.stages))]


def _top_tiles(result: SlideResult, placed: PlacedTiles, values: NDArray[np.float32], top: _Top) -> FeatureColumns:
    name, attention = stage_name(top.stage), result.prediction.stages[top.stage].attention[placed.index]
    best = np.argsort(-attention, kind="stable")[: min(top.count, int(np.isfinite(attention).sum()))]  # NaN are last
    head = f'"objectType":"annotation","isLocked":true,{_classification(top.stage)}'
    said = f" · {top.label}" if top.label else ""
    names = (json.dumps(f"{name} top {place}{said}") for place in range(1, len(best) + 1))
    ids = tile_ids(result, placed.index[best], [name] * len(best))
    return FeatureColumns(
        ids=ids,
        box_px=placed.box_px[best],
        properties=[f'{head}"name":{told},' for told in names],
        values=values[best],
        metadata=[""] * len(best),
    )


def _metadata(result: SlideResult, frame: QuPathFrame, annotations: Annotations) -> str:
    x, y = frame.origin_px0
    facts = {
        "run": result.created,
        "model": f"{result.model.name} ({result.model.sha256[:8]})",
        "encoder": str(result.options.get("encoder", "")),
        "mpp": f"{result.slide.mpp} ({result.slide.mpp_origin})",
        "tile": f"{result.tiles.side_px0} px0",
        "bounds": f"{frame.rule} {x},{y}",
        "version": result.versions.get("napari-msm-mil", ""),
        "verdicts": verdicts_in_words(annotations),
    }
    facts = {name: fact for name, fact in facts.items() if fact}
    return json.dumps(facts, separators=(",", ":"))


def _write_text(path: Path, chunks: Iterator[str], *, zipped: bool) -> None:
    with gzip.open(path, "wb", compresslevel=1) if zipped else path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk.encode())
