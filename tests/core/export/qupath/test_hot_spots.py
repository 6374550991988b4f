"""Outlines stay what they are when QuPath has moved their corners to its grid, whatever tiles they go around."""

import json
from itertools import combinations

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely import Polygon
from shapely.geometry import shape

from msm_mil_core.export.qupath.export import write_geojson
from msm_mil_core.export.qupath.frame import QuPathFrame, place_tiles
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.qupath.hot_spots import GRID_PX, MOST, outline_boxes
from msm_mil_core.results.annotations import Annotations, Verdict
from msm_mil_core.slides.tiling.tiles import TileGrid
from tests.results import a_prediction, a_result, block_of_tiles, slide_facts, tile_grid

ONLY_OUTLINES = GeoJsonOptions(all_tiles=False, top_k=0, hot_spots_percent=20)
RING = {(0, 0), (1, 0), (2, 0), (0, 1), (2, 1), (0, 2), (1, 2)}
"""Around a hole that touches the outside at a corner."""


def boxes_of(cells, side=7):
    corner = np.array(sorted(cells), np.int64).reshape(-1, 2) * side
    return np.concatenate([corner, corner + side], axis=1)


@st.composite
def cells(draw):
    return draw(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=40))


@st.composite
def boxes_anywhere(draw):
    """Tiles as a result places them in QuPath: off any grid, overlapping before, cut by the image's edges."""
    places = draw(st.lists(st.tuples(st.integers(-5, 60), st.integers(-5, 60)), min_size=1, max_size=25))
    tiles = TileGrid(np.array(places, np.int64), side_px0=draw(st.integers(1, 30)), side_px=9, mpp=0.5)
    return place_tiles(tiles, QuPathFrame("none", (0, 0), (55, 50))).box_px


@settings(max_examples=200)
@given(st.builds(boxes_of, cells(), st.integers(1, 300)) | boxes_anywhere())
@example(boxes_of({(0, 0), (1, 1)}))
@example(boxes_of(RING))
@example(boxes_of(RING | {(2, 2)}))
@example(boxes_of({(col, row) for col in range(8) for row in range(8) if (col + row) % 2}))
def test_outlines_survive_the_grid_of_qupath_and_do_not_touch(boxes):
    outlines = outline_boxes(boxes)

    for outline in outlines:
        snapped = shapely.set_precision(outline, GRID_PX)
        assert isinstance(outline, Polygon)
        assert outline.is_valid
        assert isinstance(snapped, Polygon)
        assert snapped.equals(outline)
        rings = [outline.exterior, *outline.interiors]
        assert all(one.distance(other) > 0.5 for one, other in combinations(rings, 2))
    assert all(one.distance(other) > 0.5 for one, other in combinations(outlines, 2))


@settings(max_examples=100)
@given(cells(), st.integers(2, 300))
def test_outlines_go_around_all_tiles_and_no_other(drawn, side):
    boxes = boxes_of(drawn, side)

    together = shapely.union_all(outline_boxes(boxes))

    tiles = shapely.union_all(shapely.box(*boxes.T))
    centres = shapely.points((boxes[:, :2] + boxes[:, 2:]) / 2)
    assert shapely.covers(together, centres).all()
    assert tiles.covers(together)
    assert tiles.difference(together).area <= 0.5 * tiles.length + 1e-6


def test_tiles_that_the_edge_of_the_image_cuts_to_nothing_have_no_outline():
    assert outline_boxes(np.array([[0, 0, 1, 50]])) == []


def test_hot_spots_are_annotations_by_falling_attention(tmp_path):
    result = a_result(block_of_tiles(10, 10), prediction=a_prediction(100, S=2))

    spots = written(result, tmp_path, ONLY_OUTLINES)

    for number, stage in enumerate(result.prediction.stages, 1):
        mine = [
            spot["properties"] for spot in spots if spot["properties"]["classification"]["name"] == f"Stage {number}"
        ]
        shares = [spot["measurements"]["Attention share"] for spot in mine]
        assert [spot["name"] for spot in mine] == [f"Stage {number} hot spot {place + 1}" for place in range(len(mine))]
        assert shares == sorted(shares, reverse=True)
        assert sum(spot["measurements"]["Tiles"] for spot in mine) == 20
        assert sum(shares) == pytest.approx(np.sort(stage.attention)[-20:].sum(), rel=1e-4)
        assert all(spot["metadata"]["run"] == result.created for spot in mine)


def test_hot_spots_follow_the_origin_and_end_at_the_edge(tmp_path):
    slide = slide_facts((2000, 2000), bounds=(50, 50, 130, 400))
    result = a_result(tile_grid([(0, 0)]), slide=slide, prediction=a_prediction(1, S=1))

    (spot,) = written(result, tmp_path, ONLY_OUTLINES)

    assert shape(spot["geometry"]).equals(shapely.box(0.5, 0.5, 49.5, 49.5))


def test_a_verdict_is_in_the_name_of_a_hot_spot(tmp_path):
    said = Annotations(verdicts=(Verdict(stage=0, label="tumour", at=""),))

    path = write_geojson(a_result(), tmp_path / "drawn.geojson", ONLY_OUTLINES, said)

    names = [feature["properties"]["name"] for feature in json.loads(path.read_text())["features"]]
    assert "Stage 1 hot spot 1 · tumour" in names
    assert "Stage 2 hot spot 1" in names


def test_of_too_many_hot_spots_those_of_most_attention_are_written(tmp_path, caplog):
    scattered = [(2 * col, 2 * row) for col in range(25) for row in range(25)]
    result = a_result(tile_grid(scattered), slide=slide_facts((6000, 6000)), prediction=a_prediction(625, S=1))

    spots = written(result, tmp_path, ONLY_OUTLINES)

    assert len(spots) == MOST
    assert "25 hot spots of least attention are left out" in caplog.text
    best = np.sort(result.prediction.stages[0].attention)[::-1][:MOST]
    np.testing.assert_allclose([spot["properties"]["measurements"]["Attention share"] for spot in spots], best, 1e-5)


def test_ids_of_hot_spots_stay_from_export_to_export(tmp_path):
    result = a_result(block_of_tiles(10, 10), prediction=a_prediction(100))

    first, again = (written(result, tmp_path / name, ONLY_OUTLINES) for name in ("a", "b"))

    assert [spot["id"] for spot in first] == [spot["id"] for spot in again]
    assert len({spot["id"] for spot in first}) == len(first)


def written(result, folder, options):
    return json.loads(write_geojson(result, folder / "drawn.geojson", options).read_text())["features"]
