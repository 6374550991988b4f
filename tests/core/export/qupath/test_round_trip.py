"""Slide, run, GeoJSON, edited in QuPath, regions, run: nothing moves by more than half a level-0 pixel."""

import json

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely.geometry import mapping, shape

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.export.qupath.companions import write_for_qupath
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.qupath.hot_spots import GRID_PX
from msm_mil_core.export.qupath.import_regions import read_regions
from msm_mil_core.pipeline import analyse
from msm_mil_core.progress import finish
from msm_mil_core.slides.slide import open_slide
from tests.results import a_prediction, a_result, block_of_tiles, slide_facts, tile_grid
from tests.seekers import seeker_of
from tests.slides import BOUNDS, a_drawn_slide

OPTIONS = GeoJsonOptions(all_tiles=False, top_k=1, hot_spots_percent=10)


@pytest.mark.parametrize("bounds", [None, BOUNDS], ids=["without bounds", "with bounds"])
def test_what_was_exported_edited_and_read_back_limits_the_next_run_to_its_place(tmp_path, bounds):
    drawn = a_drawn_slide(tmp_path / ("drawn.scn" if bounds else "drawn.tiff"), bounds=bounds)
    model = seeker_of(drawn, tmp_path)
    x, y, side, _ = drawn.hot_px0
    with open_slide(drawn.path) as slide:
        first = finish(analyse(slide, model, AnalysisOptions()))
        exported = write_for_qupath(first, tmp_path / "drawn.geojson", OPTIONS).geojson
        edited = as_qupath_saves(exported, tmp_path / "edited.geojson")

        regions = read_regions(edited, slide.facts)
        again = finish(analyse(slide, model, AnalysisOptions(), regions=regions))

    best = regions.polygons[[label.name for label in regions.labels].index("Stage 1 top 1")]
    assert best.hausdorff_distance(shapely.box(x, y, x + side, y + side)) <= 0.5
    centres = first.tiles.xy_px0 + first.tiles.side_px0 / 2
    assert {tuple(xy) for xy in again.tiles.xy_px0} == {tuple(xy) for xy in first.tiles.xy_px0[regions.hold(centres)]}
    assert [x, y] in again.tiles.xy_px0.tolist()
    assert 1 <= len(again.tiles) < len(first.tiles)
    assert again.options["region_names"][0]["class"] == "Stage 1"


@pytest.mark.parametrize("bounds", [None, (300, 200, 1500, 1300)])
def test_every_outline_comes_back_to_where_it_was(tmp_path, bounds):
    facts = slide_facts((2000, 2000), bounds=bounds)
    result = a_result(block_of_tiles(20, 20), slide=facts, prediction=a_prediction(400, S=2))
    exported = write_for_qupath(result, tmp_path / "drawn.geojson", OPTIONS).geojson

    regions = read_regions(as_qupath_saves(exported, tmp_path / "edited.geojson"), facts)

    corner = bounds[:2] if bounds else (0, 0)
    outlines = [shape(feature["geometry"]) for feature in json.loads(exported.read_text())["features"]]
    assert len(regions.polygons) == len(outlines)
    for region, outline in zip(regions.polygons, outlines, strict=True):
        assert region.hausdorff_distance(shapely.transform(outline, lambda xy: xy + np.array(corner))) <= 0.5


@st.composite
def maps_on_slides(draw):
    """Tiles anywhere on a slide, with bounds or without, some beyond them; and how QuPath opened it."""
    side = draw(st.integers(2, 300))
    cells = draw(st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30))
    corner = draw(st.tuples(st.integers(0, 2 * side), st.integers(0, 2 * side)))
    size = draw(st.tuples(st.integers(side, 8 * side), st.integers(side, 8 * side)))
    bounds = draw(st.sampled_from([None, (*corner, *size)]))
    rule = draw(st.sampled_from(["auto", "none", "custom"]))
    options = OPTIONS.replace(
        top_k=3, hot_spots_percent=30, origin=rule, custom_origin_px0=corner if rule == "custom" else None
    )
    tiles = tile_grid(sorted(cells), side)
    facts = slide_facts((10 * side, 10 * side), bounds=bounds)
    assume(((tiles.xy_px0 + side > corner).all(axis=1) & (tiles.xy_px0 < np.add(corner, size)).all(axis=1)).any())
    return a_result(tiles, slide=facts, prediction=a_prediction(len(tiles), S=2)), options


@settings(max_examples=60, deadline=None)
@given(maps_on_slides())
def test_wherever_tiles_lie_what_goes_out_comes_back_to_its_place(tmp_path_factory, drawn):
    (result, options), folder = drawn, tmp_path_factory.mktemp("back")
    exported = write_for_qupath(result, folder / "drawn.geojson", options)
    corner = np.array(json.loads(exported.provenance.read_text())["origin"]["origin_px0"])

    regions = read_regions(as_qupath_saves(exported.geojson, folder / "edited.geojson"), result.slide, options)

    outlines = [shape(feature["geometry"]) for feature in json.loads(exported.geojson.read_text())["features"]]
    tiles = shapely.union_all(shapely.box(*result.tiles.xy_px0.T, *(result.tiles.xy_px0 + result.tiles.side_px0).T))
    assert len(regions.polygons) == len(outlines)
    for region, outline in zip(regions.polygons, outlines, strict=True):
        there = shapely.transform(outline, lambda xy: xy + corner)
        assert region.hausdorff_distance(there) <= 0.01
        assert tiles.buffer(1e-6).covers(region)


@settings(max_examples=60, deadline=None)
@given(
    corner=st.tuples(st.integers(0, 900), st.integers(0, 900)),
    corners=st.lists(st.tuples(st.floats(0, 900), st.floats(0, 900)), min_size=3, max_size=12),
    hole=st.floats(0.1, 0.9),
)
def test_what_a_person_draws_in_qupath_limits_a_run_to_its_place(tmp_path_factory, corner, corners, hole):
    outline = shapely.MultiPoint(corners).convex_hull
    assume(outline.area > 100)
    outline = outline.difference(shapely.affinity.scale(outline, hole, hole))
    facts = slide_facts((2000, 2000), bounds=(*corner, 1000, 1000))
    path = tmp_path_factory.mktemp("drawn") / "drawn.geojson"
    text = shapely.to_geojson(shapely.transform(outline, lambda xy: xy.round(2)))
    path.write_text(f'{{"type":"Feature","geometry":{text},"properties":{{}}}}')

    regions = read_regions(path, facts)

    there = shapely.transform(outline, lambda xy: xy + np.array(corner))
    together = shapely.union_all(regions.polygons)
    assert there.buffer(0.5).covers(together)
    assert there.buffer(-0.5).difference(together.buffer(1e-6)).is_empty  # nothing covers what is empty
    centres = np.stack(np.meshgrid(np.arange(25, 2000, 50), np.arange(25, 2000, 50)), axis=-1).reshape(-1, 2)
    clear = shapely.distance(there.boundary, shapely.points(centres)) > 0.5
    assert (regions.hold(centres) == shapely.intersects_xy(there, *centres.T))[clear].all()


def as_qupath_saves(exported, path):
    """Moved to QuPath's grid, unlocked and saved as a list, with two decimals, as its own export does."""
    edited = []
    for feature in json.loads(exported.read_text())["features"]:
        snapped = shapely.set_precision(shape(feature["geometry"]), GRID_PX)
        corners = json.loads(json.dumps(mapping(snapped)), parse_float=lambda text: round(float(text), 2))
        edited.append(feature | {"geometry": corners, "properties": feature["properties"] | {"isLocked": False}})
    path.write_text(json.dumps(edited))
    return path
