"""Results as files: the comparison of stages, the figure, and GeoJSON beside the plainest ways to write it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from examples.benchmarks.speed.comparison import Comparison, compare
from examples.benchmarks.speed.earlier import comparison as earlier_comparison
from examples.benchmarks.speed.earlier import report as earlier_report
from examples.benchmarks.speed.inputs.drawn_result import draw_result
from msm_mil_core.explain.comparison_options import CompareOptions
from msm_mil_core.explain.stage_comparison import compare_stages
from msm_mil_core.export.qupath.export import write_geojson
from msm_mil_core.export.qupath.frame import place_tiles, qupath_frame
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.qupath.geojson_text import CommonParts, FeatureColumns, collection_text
from msm_mil_core.export.qupath.tile_features import MeasuredTiles, measure_placed, tile_features
from msm_mil_core.export.report.report import ReportOptions, write_report
from msm_mil_core.progress import finish
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult

TILES, SHORT_TILES = 100_000, 5_000
WRITE_AT_MOST, WHOLE_AT_MOST, BEFORE_AT_MOST = 1.5, 1.0, 1 / 3
METADATA = '{"run":"today"}'


def measure(short: bool) -> Iterator[Comparison]:
    """Compare what is written of a result of many tiles with references for the same."""
    result = draw_result(SHORT_TILES if short else TILES)
    with TemporaryDirectory() as folder:
        yield _writing(result, Path(folder))
        yield _whole(result, Path(folder))
        yield _comparing(result, draws=10 if short else 100)
        for examined in (True, False):
            yield _reporting(result, Path(folder), ReportOptions(examine=examined))


def _writing(result: SlideResult, folder: Path) -> Comparison:
    """Compare the writing alone, of columns whose ids are there, with one f-string a tile over the same arrays."""
    measured = _measured(result)
    parts = [replace(part, values=np.nan_to_num(part.values)) for part in tile_features(measured)]  # each has each one
    common = CommonParts(measured.measurements, METADATA)
    ours, plain = folder / "ours.geojson", folder / "plain.geojson"
    compared = compare(
        "GeoJSON written, ids made beforehand",
        ("chunks of columns", lambda: ours.write_text("".join(collection_text(parts, common)), "utf-8")),
        ("an f-string a tile", lambda: plain.write_text(_f_strings(parts, common), "utf-8")),
        at_most=WRITE_AT_MOST,
    )
    if ours.read_bytes() != plain.read_bytes():
        raise ValueError("both have to write the same bytes")
    return compared


def _whole(result: SlideResult, folder: Path) -> Comparison:
    """Compare a whole export, with ids, gzip and the self-check, with json.dump of its objects, which are there."""
    measured = _measured(result)
    text = "".join(collection_text(tile_features(measured), CommonParts(measured.measurements, METADATA)))
    objects = json.loads(text)

    def dump() -> None:
        with (folder / "dumped.geojson").open("w", encoding="utf-8") as file:
            json.dump(objects, file)

    return compare(
        "GeoJSON with ids and self-check",
        ("write_geojson", lambda: write_geojson(result, folder / "whole.geojson", GeoJsonOptions(top_k=0))),
        ("json.dump of the same objects, made beforehand", dump),
        at_most=WHOLE_AT_MOST,
    )


def _comparing(result: SlideResult, draws: int) -> Comparison:
    prediction, tiles = result.prediction, result.tiles
    options = CompareOptions(draws=draws)
    ours = finish(compare_stages(prediction, tiles, 0.5, options))
    theirs = earlier_comparison.compare(prediction, tiles, options)
    for pair, (overlap, correlation, distance_px0) in zip(ours.pairs, theirs, strict=True):
        np.testing.assert_allclose((pair.overlap, pair.rank_correlation), (overlap, correlation))
        np.testing.assert_allclose(pair.distance_px0, distance_px0, atol=np.sqrt(2) * pair.grain_px0)
    return compare(
        "stages compared",
        ("compare_stages", lambda: finish(compare_stages(prediction, tiles, 0.5, options))),
        ("the way before", lambda: earlier_comparison.compare(prediction, tiles, options)),
        at_most=_bar(result),
        note=f"{len(tiles):,} tiles, {draws} draws; the distances differ by less than the cells' diagonal.",
    )


def _reporting(result: SlideResult, folder: Path, options: ReportOptions) -> Comparison:
    compared = finish(compare_stages(result.prediction, result.tiles, result.slide.mpp, CompareOptions()))
    ours, theirs = folder / "ours.html", folder / "theirs.html"
    return compare(
        "report" if options.examine else "report without examination",
        ("write_report", lambda: finish(write_report(result, Annotations(), None, ours, options))),
        ("the way before", lambda: earlier_report.write(result, compared, theirs, options)),
        at_most=_bar(result) if options.examine else None,
        note=f"{len(result.tiles):,} tiles, no slide.",
    )


def _bar(result: SlideResult) -> float | None:
    """Return the bar, which is for large slides: the short form has nothing of what they gain."""
    return BEFORE_AT_MOST if len(result.tiles) >= TILES else None


def _measured(result: SlideResult) -> MeasuredTiles:
    frame = qupath_frame(result.slide, "auto")
    return measure_placed(result, Annotations(), place_tiles(result.tiles, frame))


def _f_strings(parts: list[FeatureColumns], common: CommonParts) -> str:
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(_lines(parts, common)) + "\n]}\n"


def _lines(parts: list[FeatureColumns], common: CommonParts) -> Iterator[str]:
    a, b, c, d, e, f, g, h, i, j, *more = map(json.dumps, common.measurements)  # three stages, then the classes
    k, m, n, o = more
    facts = common.metadata[1:]
    for part in parts:
        rows = zip(part.ids, part.box_px.tolist(), part.properties, part.values.tolist(), part.metadata, strict=True)
        for name, (x0, y0, x1, y1), head, v, own in rows:
            yield (
                f'{{"type":"Feature","id":"{name}","geometry":{{"type":"Polygon","coordinates":'
                f"[[[{x0},{y0}],[{x1},{y0}],[{x1},{y1}],[{x0},{y1}],[{x0},{y0}]]]}},"
                f'"properties":{{{head}"measurements":{{{a}:{v[0]:.7g},{b}:{v[1]:.7g},{c}:{v[2]:.7g},{d}:{v[3]:.7g},'
                f"{e}:{v[4]:.7g},{f}:{v[5]:.7g},{g}:{v[6]:.7g},{h}:{v[7]:.7g},{i}:{v[8]:.7g},{j}:{v[9]:.7g},"
                f"{k}:{v[10]:.7g},{m}:{v[11]:.7g},{n}:{v[12]:.7g},{o}:{v[13]:.7g}}},"
                f'"metadata":{{{own}{facts}}}}}'
            )
